"""A race of three optimizers on two problems, made by formula, with a name that no page may run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report import write_report
from gradlab.lab._report.problem_findings import Finding, compute_findings
from gradlab.lab.problems import Ravine

HOSTILE = "</script><script>document.title = 'taken'</script>"
NAMES = ["sgd", "adam", HOSTILE]
RATES = np.array([0.001, 0.01, 0.1, 1.0])
SEEDS, STEPS, POINTS = 8, 40, 11


def made(score: str, label: str, **attributes: Any) -> xr.Dataset:
    """Runs that fall from 1 to a floor: adam's is the lowest, at the third rate; the first optimizer loses two runs."""
    rng = np.random.default_rng(0)
    best = np.array([-2.0, -4.0, -3.0])[:, None, None]  # decades, by optimizer
    off = np.abs(np.arange(4) - 2)[None, :, None]  # rates away from the best one
    floor = best + 0.7 * off + 0.1 * rng.normal(size=(3, 4, SEEDS))
    at = np.linspace(0, STEPS, POINTS).astype(int)
    curves = floor[..., None] * (at / STEPS)
    losses = floor[..., None] * (np.arange(STEPS) / STEPS)
    values = 10.0**curves if attributes["logarithmic"] else 1 - 0.9 * 10.0 ** (curves / 3)
    diverged = np.zeros((3, 4, SEEDS), bool)
    diverged[0, 3, :2] = True
    runs = ("optimizer", "rate", "seed")
    values[diverged, 3:] = np.nan
    return xr.Dataset(
        {
            "loss": ((*runs, "step"), 10.0**losses, {"long_name": "training loss"}),
            "diverged": (runs, diverged),
            "run_seconds": ("optimizer", [0.5, 1.0, 0.01]),
            score: ((*runs, "evaluation"), values, {"long_name": score.replace("_", " ")}),
        },
        {
            "optimizer": NAMES,
            "family": ("optimizer", ["gradient descent", "Adam", "<b>other</b>"]),
            "composition": ("optimizer", ["chain(scale(-0.1))", "chain(\n  a(b=1, c=(2, 3)),\n  d(),\n)", "<i>x</i>"]),
            "learning_rate": (("optimizer", "rate"), np.tile(RATES, (3, 1))),
            "seed": np.arange(SEEDS),
            "role": ("seed", ["choose"] * 4 + ["report"] * 4),
            "step": np.arange(STEPS),
            "evaluation": at,
        },
        {"score": score, "score_label": label, "divergence_factor": 1e3} | attributes,
    )


def tables_in(page: str) -> dict[str, ElementTree.Element]:
    """The tables of a page by what their captions begin with; each must be well-formed XML."""
    tables = [ElementTree.fromstring(table) for table in re.findall(r"<table.*?</table>", page, re.DOTALL)]
    captions = ["".join(table.findall("caption")[0].itertext()) for table in tables]
    return {caption.partition(". Press")[0]: table for caption, table in zip(captions, tables)}


@pytest.fixture(scope="session")
def race() -> dict[str, xr.Dataset]:
    losses = {"higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0}
    shares = {"higher_is_better": 1, "logarithmic": 0, "tolerance": 0.01}
    digits = made("test_accuracy", "test accuracy", problem="images", summary="Made & <by> hand.", **shares)
    ravine = made("final_loss", "loss", problem="ravine", summary="A valley.", setup=repr(Ravine()), **losses)
    turns = np.linspace(0, 3, STEPS)[:, None] * np.array([1.0, 0.5])
    path = (
        np.broadcast_to(turns - [3.0, 1.5], (3, 4, SEEDS, STEPS, 2))
        * np.array([1, 0.9, 0.8])[:, None, None, None, None]
    )
    return {"images": digits, "ravine": ravine.assign(path=(("optimizer", "rate", "seed", "step", "parameter"), path))}


@pytest.fixture(scope="session")
def attributes() -> dict[str, str]:
    return {"command": "gradlab race --out 'a & b'", "gradlab": "1.2.3", "jax": "0.10", "date": "2026"}


@pytest.fixture(scope="session")
def findings(race: dict[str, xr.Dataset]) -> list[Finding]:
    return compute_findings(race)


@pytest.fixture(scope="session")
def page_file(race: dict[str, xr.Dataset], attributes: dict[str, str], tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(race, attributes, path)
    return path
