"""Run what the authors of some methods released, and write `layer_methods.npz`, the positions that it visits.

    python tests/golden/generate_layer_methods.py SOURCES

`SOURCES` is a folder with checkouts of zyushun/Adam-mini, LIONS-EPFL/scion and microsoft/dion, in folders named
adam_mini, scion and dion, each with its commit in a file COMMIT. Adafactor is that of the PyTorch that is installed.
All run in float64; conversions to bfloat16 are left out, and compilers are switched off (TORCHDYNAMO_DISABLE=1).
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

muon = importlib.import_module("generate_muon")  # which is beside it

HERE = Path(__file__).parent
STEPS, STORED = 50, (1, 2, 10, 50)
SHAPES = {"matrix": (6, 4), "bias": (4,)}  # (out, in), as in PyTorch
SCION = {"lr": 0.01, "momentum": 0.1, "scale": 3.0}


def draw() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the starting points and the gradients [STEPS, ...] of both leaves."""
    random = np.random.default_rng(14)
    start = {leaf: random.standard_normal(shape) for leaf, shape in SHAPES.items()}
    scales = np.where(np.arange(STEPS) % 20 < 5, 1.0, 0.01)  # bursts
    gradients = {leaf: random.standard_normal((STEPS, *shape)) + 0.3 for leaf, shape in SHAPES.items()}
    return start, {leaf: g * scales.reshape(-1, *[1] * (g.ndim - 1)) for leaf, g in gradients.items()}


def run(leaf: str, make: Callable[[Any], Any]) -> np.ndarray:
    """Return the positions [STORED, ...] of a leaf under the optimizer that `make` makes of it."""
    start, gradients = draw()
    x, positions = torch.nn.Parameter(torch.tensor(start[leaf])), []
    optimizer = make(x)
    for step in range(1, STEPS + 1):
        x.grad = torch.tensor(gradients[leaf][step - 1])
        optimizer.step()
        if step in STORED:
            positions.append(x.detach().numpy().copy())
    return np.stack(positions)


def main(sources: Path) -> None:
    """Run all of them, and write `layer_methods.npz`."""
    torch.set_default_dtype(torch.float64)
    muon.keep_precision()
    mini = muon.load(sources / "adam_mini" / "adam_mini" / "adam_mini.py", "mini")
    scion = muon.load(sources / "scion" / "scion.py", "scion")
    sys.path.insert(0, str(sources / "dion"))
    normuon = importlib.import_module("dion.normuon")

    def adam_mini(name: str) -> Callable[[Any], Any]:
        sizes = {"dim": 4, "n_heads": 2, "verbose": False}
        options = {"lr": 0.1, "betas": (0.9, 0.95), "weight_decay": 0.1}
        return lambda x: mini.Adam_mini([(name, x)], **options, **sizes)

    def by_norm(norm: str, **options: Any) -> Callable[[Any], Any]:
        return lambda x: scion.Scion([x], norm=norm, norm_kwargs=options, **SCION)

    arrays: dict[str, Any] = {
        "adafactor/matrix": run("matrix", lambda x: torch.optim.Adafactor([x], lr=0.5)),
        "adafactor/bias": run("bias", lambda x: torch.optim.Adafactor([x], lr=0.5)),
        "adam_mini/mlp": run("matrix", adam_mini("mlp.weight")),
        "adam_mini/query": run("matrix", adam_mini("q_proj.weight")),  # heads of 4 * 4 / 2 weights: two rows
        "adam_mini/norm": run("bias", adam_mini("norm.weight")),  # which has no weight decay
        "scion/Spectral": run("matrix", by_norm("Spectral")),
        "scion/Sign": run("matrix", by_norm("Sign")),
        "scion/ColNorm": run("matrix", by_norm("ColNorm", transpose=True)),
        "scion/BiasRMS": run("bias", by_norm("BiasRMS")),
        "normuon/matrix": run("matrix", lambda x: normuon.NorMuon([x], lr=0.125, mu=0.75, weight_decay=0.125)),
    }
    commits = {name: muon.read_commit(sources / name) for name in ("adam_mini", "scion", "dion")}
    about = {"steps": STORED, "versions": {"torch": torch.__version__, **commits}}
    start, gradients = draw()
    arrays |= {f"start/{leaf}": x for leaf, x in start.items()}
    arrays |= {f"gradients/{leaf}": g for leaf, g in gradients.items()}
    np.savez_compressed(HERE / "layer_methods.npz", about=np.array(json.dumps(about)), **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
