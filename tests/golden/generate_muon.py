"""Run the implementations of Muon that can be run, and write `muon.npz`, the positions that they visit.

    python tests/golden/generate_muon.py SOURCES [NAME ...]

`SOURCES` is a folder with checkouts of KellerJordan/Muon, MoonshotAI/Moonlight, microsoft/dion, HomebrewML/HeavyBall
and NVIDIA-NeMo/Emerging-Optimizers, in folders named muon, moonlight, dion, heavyball and nvidia, each with its commit
in a file COMMIT. torch, Keras and optax are those that are installed. Each run has a process of its own, because some
change what others compute.

Where an implementation rounds to bfloat16, it runs twice: in float64 with this rounding left out (`exact`), by which
its arithmetic is compared, and as it is, in float32 (`rounded`). NVIDIA's takes float32 only, and has a switch for the
precision. Compilers are switched off.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
STEPS, STORED = 100, (1, 2, 10, 100)
SHAPES = {"tall": (8, 5), "wide": (5, 8), "bias": (5,)}  # (out, in), as in PyTorch
NAMES = ("keller_jordan", "torch", "moonlight", "optax", "keras", "dion", "heavyball", "nvidia")
OF_MATRICES_ONLY = ("torch", "nvidia")
# The arguments of each run, by the names of the implementation. Others have their defaults.
RUNS: dict[str, list[dict[str, Any]]] = {
    "keller_jordan": [{}, {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.8}],
    "torch": [{}, {"adjust_lr_fn": "match_rms_adamw", "lr": 0.01}, {"nesterov": False, "momentum": 0.8, "ns_steps": 3}],
    "moonlight": [{}, {"lr": 0.01, "nesterov": False, "momentum": 0.8, "ns_steps": 3}],
    "optax": [
        {"learning_rate": 0.01},
        {"learning_rate": 0.01, "nesterov": False, "weight_decay": 0.1, "adam_weight_decay": 0.2},
        {"learning_rate": 0.01, "ns_coeffs": "dion", "consistent_rms": 0.2, "beta": 0.8, "adam_learning_rate": 0.003},
    ],
    "keras": [{}, {"nesterov": False, "rms_rate": 0.1, "adam_lr_ratio": 0.5, "learning_rate": 0.01}],
    "dion": [  # numbers that float32 holds, in which it keeps them, but for the defaults
        {},
        {
            "adjust_lr": "rms_norm",
            "nesterov": True,
            "weight_decay": 0.125,
            "mu": 0.75,
            "betas": [0.75, 0.875],
            "lr": 0.125,
        },
        {"mu": 0.75, "lr": 0.0625, "weight_decay": 0.0, "betas": [0.5, 0.75]},
    ],
    "heavyball": [{}, {"weight_decay": 0.1, "heavyball_momentum": True}, {"nesterov": False, "betas": [0.5, 0.9]}],
    "nvidia": [
        {},
        {"lr": 0.01, "nesterov": True, "scale_mode": "unit_rms_norm", "coefficient_type": "simple"},
        {"scale_mode": "shape_scaling", "extra_scale_factor": 0.2, "coefficient_type": "cans", "lr": 0.1},
    ],
}


def draw(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the starting points and the gradients [STEPS, ...] of the leaves that an implementation takes."""
    random = np.random.default_rng(12)
    start = {leaf: random.uniform(-0.5, 0.5, shape) for leaf, shape in SHAPES.items()}
    scales = np.where(np.arange(STEPS) % 30 < 10, 1.0, 0.01)  # bursts
    gradients = {leaf: random.standard_normal((STEPS, *shape)) + 0.3 for leaf, shape in SHAPES.items()}
    gradients = {leaf: g * scales.reshape(-1, *[1] * (g.ndim - 1)) for leaf, g in gradients.items()}
    kept = [leaf for leaf in SHAPES if not (name in OF_MATRICES_ONLY and leaf == "bias")]
    return {leaf: start[leaf] for leaf in kept}, {leaf: gradients[leaf] for leaf in kept}


def run_torch(make: Callable[[dict[str, Any]], Any], name: str, dtype: str) -> dict[str, np.ndarray]:
    """Return the positions [STORED, ...] under the optimizer that `make` makes of the parameters by name."""
    torch = importlib.import_module("torch")
    start, gradients = draw(name)
    params = {leaf: torch.nn.Parameter(torch.tensor(x, dtype=getattr(torch, dtype))) for leaf, x in start.items()}
    optimizer = make(params)
    positions: dict[str, list[np.ndarray]] = {leaf: [] for leaf in start}
    for step in range(1, STEPS + 1):
        for leaf, x in params.items():
            x.grad = torch.tensor(gradients[leaf][step - 1], dtype=x.dtype)
        optimizer.step()
        if step in STORED:
            for leaf, x in params.items():
                positions[leaf].append(x.detach().numpy().astype(np.float64))
    return {leaf: np.stack(points) for leaf, points in positions.items()}


def keep_precision() -> None:
    """Make the conversions to bfloat16 of PyTorch do nothing to float64."""
    torch: Any = importlib.import_module("torch")
    torch.Tensor.bfloat16 = lambda self: self.clone()
    torch.bfloat16 = torch.float64


def load(path: Path, name: str) -> Any:
    """Return a module from a file."""
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def split(params: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the matrices and the other parameters."""
    return [x for x in params.values() if x.ndim == 2], [x for x in params.values() if x.ndim != 2]


def find_torch_optimizer(name: str, sources: Path, arguments: dict[str, Any]) -> tuple[Callable[[Any], Any], str]:
    """Return what makes the optimizer of an implementation in PyTorch, and its version."""
    torch = importlib.import_module("torch")
    version = "" if name == "torch" else read_commit(sources / name.replace("keller_jordan", "muon"))
    if name == "torch":
        return lambda params: torch.optim.Muon(params.values(), **arguments), str(torch.__version__)
    if name == "keller_jordan":
        module = load(sources / "muon" / "muon.py", "muon")
        adam = {"weight_decay": arguments["weight_decay"]} if "weight_decay" in arguments else {}

        def groups(params: Any) -> Any:
            matrices, others = split(params)
            return [{"params": matrices, "use_muon": True, **arguments}, {"params": others, "use_muon": False, **adam}]

        return lambda params: module.SingleDeviceMuonWithAuxAdam(groups(params)), version
    if name == "moonlight":
        for missing in ("loguru", "datasets", "transformers", "tqdm"):  # which its training script imports
            stub: Any = types.ModuleType(missing)
            stub.__spec__ = importlib.machinery.ModuleSpec(missing, None)
            stub.__getattr__ = lambda attribute: None
            sys.modules[missing] = stub
        module = load(sources / "moonlight" / "examples" / "toy_train.py", "toy_train")

        def make(params: Any) -> Any:
            matrices, others = split(params)
            return module.Muon(muon_params=matrices, adamw_params=others, **arguments)

        return make, version
    if name == "dion":
        sys.path.insert(0, str(sources / "dion"))
        module = importlib.import_module("dion.muon")

        def make_dion(params: Any) -> Any:
            matrices, others = split(params)
            given = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
            return module.Muon([{"params": matrices}, {"params": others, "algorithm": "adamw"}], **given)

        return make_dion, version
    if name == "heavyball":
        sys.path.insert(0, str(sources / "heavyball"))
        module = importlib.import_module("heavyball")
        module.utils.compile_mode = None
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
        return lambda params: module.Muon(list(params.values()), **given), version
    typing: Any = importlib.import_module("typing")
    if not hasattr(typing, "override"):  # before Python 3.12, whose syntax its registry has, too
        typing.override = lambda function: function
        register: Any = types.ModuleType("emerging_optimizers.registry")
        register.register_optimizer = lambda name: lambda cls: cls
        package = types.ModuleType("emerging_optimizers")
        package.__path__ = [str(sources / "nvidia" / "emerging_optimizers")]
        package.registry = register  # type: ignore[attr-defined]
        inner = types.ModuleType("emerging_optimizers.orthogonalized_optimizers")
        inner.__path__ = [str(sources / "nvidia" / "emerging_optimizers" / "orthogonalized_optimizers")]
        sys.modules |= {module.__name__: module for module in (register, package, inner)}
    sys.path.insert(0, str(sources / "nvidia"))
    module = importlib.import_module("emerging_optimizers.orthogonalized_optimizers.muon")
    return lambda params: module.Muon(params.values(), **arguments), version


def run_keras(arguments: dict[str, Any]) -> tuple[dict[str, np.ndarray], str]:
    """Return the positions under the optimizer of Keras, on its JAX backend. The leaves are transposed to (in, out)."""
    os.environ.update(KERAS_BACKEND="jax", JAX_ENABLE_X64="1")
    keras = importlib.import_module("keras")
    keras.backend.set_floatx("float64")
    start, gradients = draw("keras")
    optimizer = keras.optimizers.Muon(**arguments)
    variables = {leaf: keras.Variable(x.T, dtype="float64", name=leaf) for leaf, x in start.items()}
    positions: dict[str, list[np.ndarray]] = {leaf: [] for leaf in start}
    for step in range(1, STEPS + 1):
        now = [keras.ops.convert_to_tensor(gradients[leaf][step - 1].T) for leaf in variables]
        optimizer.apply(now, list(variables.values()))
        if step in STORED:
            for leaf, x in variables.items():
                positions[leaf].append(np.asarray(x.value).T)
    return {leaf: np.stack(points) for leaf, points in positions.items()}, keras.__version__


def run_optax(arguments: dict[str, Any]) -> tuple[dict[str, np.ndarray], str]:
    """Return the positions under the optimizer of optax. The leaves are transposed to (in, out)."""
    os.environ["JAX_ENABLE_X64"] = "1"
    import jax
    import jax.numpy as jnp

    optax = importlib.import_module("optax")
    start, gradients = draw("optax")
    tx = optax.contrib.muon(**arguments)
    x = {leaf: jnp.asarray(points.T) for leaf, points in start.items()}
    state, update = tx.init(x), jax.jit(tx.update)
    positions: dict[str, list[np.ndarray]] = {leaf: [] for leaf in start}
    for step in range(1, STEPS + 1):
        now = {leaf: jnp.asarray(gradients[leaf][step - 1].T) for leaf in start}
        updates, state = update(now, state, x)
        x = optax.apply_updates(x, updates)
        if step in STORED:
            for leaf, points in x.items():
                positions[leaf].append(np.asarray(points).T)
    return {leaf: np.stack(points) for leaf, points in positions.items()}, optax.__version__


def read_commit(folder: Path) -> str:
    """Return the commit of a checkout, from the file `COMMIT` in it."""
    return (folder / "COMMIT").read_text().strip()[:12]


def run_one(name: str, number: int, mode: str, sources: Path, output: Path) -> None:
    """Run one implementation in this process, and write its positions."""
    arguments = RUNS[name][number]
    if name == "keras":
        positions, version = run_keras(arguments)
    elif name == "optax":
        positions, version = run_optax(arguments)
    else:
        if mode == "exact" and name not in ("heavyball", "nvidia"):  # HeavyBall keeps float64 by itself
            keep_precision()
        make, version = find_torch_optimizer(
            name, sources, arguments | ({"fp32_matmul_prec": "highest"} if (name, mode) == ("nvidia", "exact") else {})
        )
        is_float32 = mode == "rounded" or name == "nvidia"
        positions = run_torch(make, name, "float32" if is_float32 else "float64")
    arrays: dict[str, Any] = {"version": np.array(version), **positions}
    np.savez(output, **arrays)


def main(sources: Path, names: list[str]) -> None:
    """Run every implementation, and write `muon.npz`."""
    arrays: dict[str, Any] = {}
    about: dict[str, Any] = {"steps": STORED, "versions": {}, "runs": {}}
    if set(names) < set(NAMES):  # the others stay as they are
        with np.load(HERE / "muon.npz") as found:
            arrays = {key: found[key] for key in found.files if key.split("/")[0] not in names}
        about = json.loads(str(arrays.pop("about")))
    for name in names:
        modes = ("exact",) if name in ("keras", "optax") else ("exact", "rounded")
        about["runs"][name] = RUNS[name]
        for number in range(len(RUNS[name])):
            for mode in modes:
                output = Path(os.environ.get("TMPDIR", "/tmp")) / f"muon-{os.getpid()}.npz"
                command = [sys.executable, __file__, "--one", name, str(number), mode, str(sources), str(output)]
                subprocess.run(command, check=True, env=os.environ | {"TORCHDYNAMO_DISABLE": "1"})
                with np.load(output) as found:
                    about["versions"][name] = str(found["version"])
                    for leaf in set(found.files) - {"version"}:
                        arrays[f"{name}/{number}/{mode}/{leaf}"] = found[leaf]
                output.unlink()
        print(name, about["versions"][name])
    start, gradients = draw("")
    arrays |= {f"start/{leaf}": x for leaf, x in start.items()} | {
        f"gradients/{leaf}": g for leaf, g in gradients.items()
    }
    np.savez_compressed(HERE / "muon.npz", about=np.array(json.dumps(about)), **arrays)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        run_one(sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]), Path(sys.argv[6]))
    else:
        main(Path(sys.argv[1]), sys.argv[2:] or list(NAMES))
