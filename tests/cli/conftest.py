"""Running the command line as a user does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from gradlab.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def gradlab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`gradlab("race", "--steps", "0")`: the exit code, and what was printed to either stream."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["gradlab", *arguments])
        code = main()
        return Outcome(code, *capsys.readouterr())

    return run
