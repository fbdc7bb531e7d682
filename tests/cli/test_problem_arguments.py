"""Arguments of problems on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.cli.race import make_study
from gradlab.lab._results.plan import compare_plans

OPTIMIZER = ("--optimizer", "sgd")
COMMANDS = {
    "race": (*OPTIMIZER, "--rates", "2", "--seeds", "1"),
    "sweep": (*OPTIMIZER, "--set", "learning_rate=0.1", "--seeds", "1"),
    "search": (*OPTIMIZER, "--set", "learning_rate=log:0.1:1", "--seeds", "1"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_argument_that_a_problem_lacks_is_refused(command: str, gradlab: Callable[..., Any], tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "out"))
    outcome = gradlab(command, *COMMANDS[command], "--problem", "transformer:widht=8", *out)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "gradlab: transformer has no argument 'widht'; did you mean width?\n"
    assert not (tmp_path / "out").exists()


def test_the_arguments_are_part_of_the_plan_by_which_a_folder_is_resumed() -> None:
    one, other = (make_study([f"ravine:steepness={value}"], ["sgd"], "0.001", "1", 2).plan() for value in (10, 20))
    assert one["tasks"][0]["setup"].startswith("Ravine(steepness=10.0, ")
    (difference,) = compare_plans(one, other)
    assert "steepness=10.0" in difference
    assert "steepness=20.0" in difference


def test_two_settings_of_a_problem_need_two_folders(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    problems = ("--problem", "ravine", "--problem", "ravine:steepness=20")
    outcome = gradlab("race", *OPTIMIZER, *problems, "--out", str(tmp_path / "out"))
    assert outcome.code == 2
    assert "two problems are named ravine; give one of them another name, or study each in a folder" in outcome.err


def test_explain_shows_the_settings_that_are_typed(gradlab: Callable[..., Any]) -> None:
    outcome = gradlab("explain", "--json", "transformer:width=8,heads=2")
    settings = json.loads(outcome.out)["settings"]
    assert (settings["width"], settings["heads"], settings["depth"]) == (8, 2, 2)
