"""`gradlab sweep`, from the options to the files."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.lab._results import results_file

TINY = (
    "--optimizer", "sgd", "--optimizer", "optax:sgd", "--problem", "ravine", "--set", "learning_rate=log:1e-3:1e-1:3",
    "--set", "momentum=0,0.9", "--seeds", "2", "--steps", "4",
)  # fmt: skip
FEW = (
    "--optimizer",
    "sgd",
    "--problem",
    "ravine",
    "--seeds",
    "1",
    "--steps",
    "2",
    "--set",
    "learning_rate=log:1e-3:1e-1",
)


def test_a_sweep_prints_the_best_points_and_writes_all(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, _, err = gradlab("sweep", "--out", str(tmp_path), *TINY[2:], "--optimizer", "adam")
    assert code == 2
    assert "momentum is a hyperparameter of optax:sgd and not of adam" in err
    code, printed, err = gradlab("sweep", "--out", str(tmp_path), "--optimizer", "sgd", *TINY[4:])
    assert (code, err) == (0, "")
    assert "6 points" not in printed  # all are shown
    assert "12 runs. Written:" in printed
    assert "Ranked by 1 other seed, so that the score is not too good by" in " ".join(printed.split())
    assert all(line == line.rstrip() for line in printed.splitlines())
    names = {"plan.json", "provenance.json", "results.nc", "points.csv", "points.json"}
    drawn = {"effects_ravine.png", "heat_ravine.png", "report.html"}
    assert {path.name for path in tmp_path.iterdir()} == names | drawn
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {(row["learning_rate"], row["momentum"]) for row in rows} >= {("0.001", "0.0"), ("0.1", "0.9")}
    dataset = results_file.read(tmp_path / "results.nc")[0]["ravine"]
    assert dataset.momentum.dims == ("optimizer", "point")


def test_two_optimizers_of_one_name_are_told_apart(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, printed, err = gradlab("sweep", "--out", str(tmp_path), *TINY)
    assert (code, err) == (0, "")
    datasets, _ = results_file.read(tmp_path / "results.nc")
    assert datasets["ravine"].optimizer.values.tolist() == ["sgd", "optax:sgd"]
    ours, theirs = datasets["ravine"].loss.values
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert "Not swept: sgd has dampening=0.\n" in printed


def test_every_default_that_is_not_swept_is_listed(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "held_here.py").write_text(
        "import gradlab as gl\ndef mine(rate, shape='cosine', clip=1.0, steps=100, nesterov=False):\n"
        "    return gl.chain(gl.clip_by_global_norm(clip), gl.sgd(rate))\n"
    )
    sweep = ("sweep", "--optimizer", "held_here:mine", "--problem", "ravine", "--set", "rate=0.01,0.1", "--steps", "2")
    with contextlib.chdir(tmp_path):
        code, printed, _ = gradlab(*sweep, "--seeds", "1", "--out", "out")
    assert code == 0
    assert "Not swept: mine has shape='cosine', clip=1, steps=100.\n" in printed


def test_json_is_all_that_is_printed(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, printed, err = gradlab("sweep", "--out", str(tmp_path), *FEW, "--samples", "4", "--json")
    assert (code, err) == (0, "")
    content = json.loads(printed)
    assert content == json.loads((tmp_path / "points.json").read_text())
    assert [point["rank"] for point in content["problems"]["ravine"]["points"]] == [1, 2, 3, 4]
    assert content["problems"]["ravine"]["sampler"] == "sobol"
    assert gradlab("sweep", "--out", str(tmp_path), *FEW, "--samples", "4", "--json").out == printed
    code, _, err = gradlab("sweep", "--out", str(tmp_path), *FEW, "--samples", "4", "--sample-seed", "1")
    assert code == 2
    assert "learning_rate of sgd on ravine: " in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "learning_rate is a range without a count; append one, as in log:0.001:0.1:5, or take samples of it"),
        (
            ("--set", "momentum=lin:0:0.9:3", "--samples", "8"),
            "momentum=lin:0:0.9:3: samples are spread over a range; leave",
        ),
        (
            ("--optimizer", "sgd_momentum"),
            "sgd_momentum is a variant that only races; here it is --optimizer sgd --set",
        ),
        (("--samples", "0"), "--samples must be at least 1, got 0"),
        (("--samples", "2", "--seeds", "0"), "--seeds must be at least 1, got 0"),
        (("--set", "momentum"), "--set momentum: expected NAME=VALUES"),
        (("--set", "learning_rate=1"), "--set learning_rate is given twice"),
        (("--set", "momentum=1", "--samples", "2"), "sgd: momentum must be in [0, 1), got 1.0"),
        (
            ("--samples", "2", "--sampler", "best"),
            "--sampler must be one of sobol, halton, latin_hypercube, random, got 'best'",
        ),
    ],
)
def test_wrong_options_say_what_is_expected(
    gradlab: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, printed, err = gradlab("sweep", "--out", str(tmp_path / "out"), *FEW, *arguments)
    assert (code, printed) == (2, "")
    assert err.startswith(f"gradlab: {message}")
    assert not (tmp_path / "out").exists()


MISTAKES = """
from gradlab.lab.problems import Ravine

class Batches(Ravine):
    def batches(self, key, steps): return 3

class Steps(Ravine):
    steps = 0

class Forgets(Ravine):
    def loss(self, params, batch): pass

class Metrics(Ravine):
    def metrics(self, params): return {"final_loss": params}
"""


@pytest.mark.parametrize("command", ["race", "sweep"])
@pytest.mark.parametrize("name", ["Batches", "Steps", "Forgets", "Metrics"])
def test_a_mistake_in_a_problem_is_a_line(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    rates = ("--rates", "0.1") if command == "race" else ("--set", "learning_rate=0.1")
    code, printed, err = gradlab(command, "--problem", f"mistakes:{name}", "--optimizer", "sgd", *rates)
    sys.modules.pop("mistakes", None)
    assert (code, printed, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"gradlab: {name}.{name.lower().replace('forgets', 'loss')}")
