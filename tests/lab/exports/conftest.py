"""A small study of two problems, with everything in it that a format could lose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._results import provenance, results_file

STEPS, EVALUATIONS = 4, [0, 2, 4]


def make_problem(problem: str, optimizers: list[str], metrics: list[str], axis: str, **attributes: Any) -> xr.Dataset:
    """Two configurations and three seeds; the last seed of the second configuration diverges at step 2."""
    shape = (len(optimizers), 2, 3)
    runs = ("optimizer", axis, "seed")
    random = np.random.default_rng(len(problem))
    loss = random.random((*shape, STEPS), np.float32) / np.float32(3)
    loss[0, 0, 0, 0] = np.inf
    loss[:, 1, 2, 2:] = np.nan
    diverged = np.zeros(shape, bool)
    diverged[:, 1, 2] = True
    curves = {name: random.random((*shape, len(EVALUATIONS)), np.float32) for name in metrics}
    for curve in curves.values():
        curve[:, 1, 2, 1:] = np.nan
    return xr.Dataset(
        {
            "loss": ((*runs, "step"), loss, {"long_name": "training loss"}),
            "diverged": (runs, diverged),
            "divergence_step": (runs, np.where(diverged, 2, -1).astype(np.int32)),
            "compile_seconds": ("optimizer", np.ones(shape[0])),
            "run_seconds": ("optimizer", np.ones(shape[0])),
            **{name: ((*runs, "evaluation"), curve) for name, curve in curves.items()},
        },
        {
            "optimizer": optimizers, "family": ("optimizer", ["own"] * shape[0]),
            "composition": ("optimizer", ["chain()"] * shape[0]), "seed": [0, 1, 2],
            "role": ("seed", ["choose", "report", "report"]), "step": np.arange(STEPS), "evaluation": EVALUATIONS,
            "learning_rate": (("optimizer", axis), np.tile([0.1, 1 / 3], (shape[0], 1))),
        },
        {
            "problem": problem, "summary": "Made by hand.", "score": metrics[0], "score_label": metrics[0],
            "higher_is_better": 0, "logarithmic": 0, "tolerance": 10.0, "setup": "Made()",
        } | attributes,
    )  # fmt: skip


@pytest.fixture
def datasets() -> dict[str, xr.Dataset]:
    """Names with a sign like a slash, a formula, an umlaut and a comma; other metrics in each problem."""
    second = make_problem(
        "m\u00e4de\u2215 2", ["=sgd", "adam"], ["accuracy", "final_loss"], "rate", chosen_by="final_loss"
    )
    return {"made": make_problem("made", ["=sgd", "ada,m"], ["final_loss"], "rate"), "m\u00e4de\u2215 2": second}


@pytest.fixture
def study(datasets: dict[str, xr.Dataset], tmp_path: Path) -> Path:
    """The folder of that study, in which one contestant failed."""
    folder = tmp_path / "race"
    folder.mkdir()
    attributes = provenance.collect_provenance("gradlab race --out race") | {"kind": "race"}
    failed = '{"made": {"mine": "raised ValueError"}}'
    results_file.write(folder / "results.nc", datasets, attributes | {"failed": failed})
    return folder
