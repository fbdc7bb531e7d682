"""`gradlab search`, from the options to the files."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._results import results_file
from gradlab.lab._storage import checkpoints

RATE = ("--set", "learning_rate=log:1e-3:1")
TINY = ("--optimizer", "sgd", "--problem", "ravine", "--seeds", "2", "--steps", "4", "--trials", "12", "--batch", "6")


def test_a_search_prints_the_best_points_and_writes_all(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, printed, err = gradlab("search", "--out", str(tmp_path), *TINY, *RATE, "--set", "momentum=lin:0:0.9")
    assert (code, err) == (0, "")
    assert "The best 10 of 12 points." in printed
    assert "24 runs. Written:" in printed
    names = {"plan.json", "provenance.json", "results.nc", "points.csv", "points.json"}
    assert {path.name for path in tmp_path.iterdir()} == names | {
        "report.html",
        "effects_ravine.png",
        "heat_ravine.png",
    }
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert all(0.001 <= float(row["learning_rate"]) <= 1 for row in rows)
    datasets, attributes = results_file.read(tmp_path / "results.nc")
    assert datasets["ravine"]["round"].values.tolist() == [0] * 6 + [1] * 6
    assert attributes["kind"] == "search"


def test_json_is_all_that_is_printed(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, printed, err = gradlab("search", "--out", str(tmp_path), *TINY, *RATE, "--json")
    assert (code, err) == (0, "")
    content = json.loads(printed)
    assert content == json.loads((tmp_path / "points.json").read_text())
    assert content["problems"]["ravine"]["sampler"] == "tpe"
    assert gradlab("search", "--out", str(tmp_path), *TINY, *RATE, "--json").out == printed
    code, _, err = gradlab("search", "--out", str(tmp_path), *TINY, *RATE, "--sample-seed", "1")
    assert code == 2
    assert "holds a study with another plan (sample_seed of sgd on ravine: 0 in the folder, 1 requested)" in err
    _, printed, err = gradlab("search", "--out", str(tmp_path), *TINY, *RATE)
    assert err == f"{tmp_path} holds all of this search already; --fresh runs it anew\n"
    assert "24 runs. Written:" in printed


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out, cut = tmp_path / "whole", tmp_path / "out", (*TINY, *RATE, "--chunk", "2")
    assert gradlab("search", "--out", str(whole), *cut).code == 0
    write, count = checkpoints.CheckpointStore.write, iter(range(4))  # 2 rounds of 3 chunks

    def stopped(*arguments: Any) -> None:
        if next(count, None) is None:
            raise KeyboardInterrupt
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.CheckpointStore, "write", stopped)
        code, printed, err = gradlab("search", "--out", str(out), *cut)
    assert (code, printed) == (130, "")
    assert err == (f"gradlab: stopped; 16 of 24 runs are kept in {out}, and the same command goes on from there\n")
    code, _, err = gradlab("search", "--out", str(out), *cut)
    assert (code, err) == (0, f"{out} holds an unfinished run of this plan; going on from there\n")
    for name in ("plan.json", "results.nc", "points.csv", "points.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert not (out / "parts").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a search needs a range, such as learning_rate=log:1e-4:1; got momentum=0.5, which a sweep covers"),
        ((*RATE, "--trials", "0"), "--trials must be at least 1, got 0"),
        ((*RATE, "--batch", "0"), "--batch must be at least 1, got 0"),
        ((*RATE, "--steps", "0"), "--steps must be at least 1, got 0"),
        ((*RATE, "--trials", "many"), "--trials must be a whole number, got 'many'"),
        (("--set", "learning_rate=log:1:x"), "learning_rate=log:1:x: expected numbers"),
        (
            ("--set", "learning_rate=log:0.1:1:5"),
            "learning_rate=log:0.1:1:5: a search chooses its own points in a range",
        ),
        (("--set", "rate=log:0.1:1"), "no hyperparameter of sgd is named 'rate'"),
        (("--set", "learning_rate=lin:-1:1"), "sgd: learning_rate must be in [0, inf), got -1"),
        (
            (*RATE, "--optimizer", "adam"),
            "a search is of one optimizer, got sgd, adam; search each on its own, into a folder",
        ),
        (
            (*RATE, "--problem", "digits"),
            "a search is of one problem, got ravine, digits; search each on its own, into a folder",
        ),
    ],
)
def test_wrong_options_say_what_is_expected(
    gradlab: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "out"
    code, printed, err = gradlab("search", "--out", str(out), *TINY, "--set", "momentum=0.5", *arguments)
    assert (code, printed) == (2, "")
    assert err.startswith(f"gradlab: {message}")
    assert not out.exists()


def test_without_optuna_one_line_says_how_to_get_it(
    gradlab: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, printed, err = gradlab("search", "--out", str(tmp_path / "out"), *TINY, *RATE)
    assert (code, printed) == (1, "")
    assert err.startswith("gradlab: a search needs Optuna (")
    assert err.endswith('; install it with: pip install "optuna>=4"\n')
    assert not (tmp_path / "out").exists()
