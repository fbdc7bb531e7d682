"""A session ends as it should, whatever stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import gradlab as gl
from gradlab.cli.session import run_in_folder
from gradlab.lab.blame import Failures, ForeignError
from gradlab.lab.folder import FolderError
from gradlab.lab.problems import Ravine
from gradlab.lab.task import Task, Watcher


class Run:
    """A run that tells how far it is, and then raises, or ends."""

    state = "unfinished"
    plan = {"kind": "race"}  # noqa: RUF012
    failed: Failures = {}  # noqa: RUF012

    def __init__(self, error: BaseException | None):
        self.error = error

    def finish(self, attributes: Any, watcher: Watcher) -> None:
        assert attributes["command"].startswith("gradlab")
        watcher.starts(Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": np.array([0.1])}, (0,), 1))
        watcher.advances(2.5)
        watcher.warns("a part is damaged")
        if self.error is not None:
            raise self.error

    def read(self) -> tuple[Any, Any]:
        return {}, {}


def session(error: BaseException | None, quiet: bool = False) -> list[Any]:
    shown: list[Any] = []

    @contextmanager
    def take(processes: Any) -> Iterator[Any]:
        yield Run(error)

    run_in_folder(8, take, Path("there"), quiet, lambda run, *found: shown.append(run))
    return shown


def test_what_is_finished_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(session(None)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "there holds an unfinished run of this plan; going on from there\ngradlab: warning: a part is damaged\n"
    )
    session(None, quiet=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (FolderError("there is full of bees"), 2, "gradlab: there is full of bees"),
        (ForeignError("mine fails"), 1, "gradlab: mine fails"),
        (KeyboardInterrupt(), 130, "stopped; 2 of 8 runs are kept in there, and the same command goes on from there"),
        (
            OSError(28, "No space left on device"),
            1,
            "cannot write to there ([Errno 28] No space left on device); 2 of 8",
        ),
    ],
)
def test_what_stops_it_has_a_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, message: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        session(error)
    assert ended.value.exit_code == code
    assert message in capsys.readouterr().err


def test_bugs_of_ours_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        session(ZeroDivisionError())
