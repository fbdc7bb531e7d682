"""A contestant that fails is named in the terminal, in the JSON and on the page; the others are ranked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MINE = """
import sys
import gradlab as gl

def broken(learning_rate=0.1):
    return lambda params: (), lambda updates, state, params=None: {}["<key>"]

def leaving(learning_rate=0.1):
    sys.exit(7)

def refusing(learning_rate=0.1):
    if learning_rate > 1:
        raise ValueError("a rate above one")
    return gl.sgd(learning_rate)
"""
RACE = ("race", "--problem", "ravine", "--rates", "1", "--seeds", "2", "--steps", "3", "--out", "out")


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_that_fails.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def test_the_others_are_ranked(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    names = ("--optimizer", "mine_that_fails:broken", "--optimizer", "sgd", "--optimizer", "mine_that_fails:leaving")
    code, out, err = gradlab(*RACE, *names, "--json")
    broken, leaving = err.splitlines()
    assert code == 1
    assert broken.startswith(f"gradlab: broken on ravine fails at {tmp_path / 'mine_that_fails.py'}:6 (return lambda")
    assert broken.endswith("KeyError: '<key>'")
    assert leaving.endswith(": it ends the program, by sys.exit(7)")
    content = json.loads(out)
    assert [row["optimizer"] for row in content["problems"]["ravine"]["leaderboard"]] == ["sgd"]
    assert list(content["failed"]["ravine"]) == ["broken", "leaving"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Left out, because they failed:</p>" in page
    assert "KeyError: &#39;&lt;key&gt;&#39;</li>" in page
    # The same command goes on, and tries again.
    code, out, err = gradlab(*RACE, *names)
    assert (code, err.splitlines()[1:]) == (1, [broken, leaving])
    assert err.startswith("out holds an unfinished run of this plan")
    assert " sgd " in out


def test_a_value_that_an_optimizer_refuses_is_wrong_input(gradlab: Callable[..., Any], tmp_path: Path) -> None:
    code, out, err = gradlab(*RACE[:3], "--rates", "0.1,7", *RACE[5:], "--optimizer", "mine_that_fails:refusing")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "ValueError: a rate above one" in err
    assert not (tmp_path / "out").exists()
