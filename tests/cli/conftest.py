"""Running the command line as a user does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from gradlab.cli import main
from gradlab.cli.terminal import shown_progress


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def gradlab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`gradlab("race", "--steps", "0")`: the exit code, and what was printed to either stream.

    No line says how far it is, which would come or not come as the machine is busy.
    """
    monkeypatch.setattr(shown_progress, "FIRST_SECONDS", 1e6)
    monkeypatch.setattr(shown_progress, "SECONDS", 1e6)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["gradlab", *arguments])
        code = main()
        return Outcome(code, *capsys.readouterr())

    return run
