"""`--profile` of race, sweep and search."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._storage.files import read_json

TINY = ("--problem", "ravine", "--optimizer", "sgd", "--seeds", "2", "--steps", "4")
RUN = {"import", "check", "plan", "trace", "compile", "run", "results", "tables", "figures", "print"}


@pytest.mark.parametrize(
    "command",
    [
        ("race", "--rates", "2"),
        ("sweep", "--set", "learning_rate=0.01,0.02"),
        ("search", "--set", "learning_rate=log:0.01:0.1", "--trials", "2", "--batch", "2"),
    ],
    ids=lambda command: command[0],
)
def test_a_profile_is_printed_and_written_beside_the_results(
    gradlab: Callable[..., Any], tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, printed, err = gradlab(*command, *TINY, "--json", "--profile", "--out", str(tmp_path))
    assert code == 0
    json.loads(printed)  # and nothing else is on standard output
    profile = read_json(tmp_path / "profile.json")
    assert set(profile["parts"]) >= RUN
    for part in RUN:
        assert f"{part} " in err
    assert profile["tasks"]["sgd on ravine"].keys() >= {"trace", "compile", "run"}
    assert 0 < profile["parts"]["run"]["seconds"] <= profile["seconds"]


def test_a_command_that_is_refused_has_a_profile_too(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, _, err = gradlab("race", *TINY, "--rates", "0", "--profile", "--out", str(tmp_path / "new"))
    assert code == 2
    assert "check " in err
    assert not (tmp_path / "new").exists()
