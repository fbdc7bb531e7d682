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
from gradlab.lab.engine.task import Task, Watcher
from gradlab.lab.inputs.user_errors import Failures, UserCodeError
from gradlab.lab.problems import Ravine
from gradlab.lab.results.study_folder import FolderError


class Run:
    """A run that tells how far it is, and then raises, or ends."""

    state = "unfinished"
    plan = {"kind": "race"}  # noqa: RUF012
    failed: Failures = {}  # noqa: RUF012

    def __init__(self, error: BaseException | None, kept: int = 2, fresh: bool = False):
        self.error, self.kept, self.fresh = error, kept, fresh

    def runs_on_disk(self, runs: int) -> int:
        return self.kept

    def finish(self, attributes: Any, watcher: Watcher) -> None:
        assert attributes["command"].startswith("gradlab")
        watcher.starts(Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": np.array([0.1])}, (0,), 1))
        watcher.advances(2.5)
        watcher.warns("a part is damaged")
        if self.error is not None:
            raise self.error

    def read(self) -> tuple[Any, Any]:
        return {}, {}


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the run, which is named as below the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


def session(
    error: BaseException | None, quiet: bool = False, out: Path = Path("there"), kept: int = 2, fresh: bool = False
) -> list[Any]:
    shown: list[Any] = []

    @contextmanager
    def take(processes: Any) -> Iterator[Any]:
        yield Run(error, kept, fresh)

    run_in_folder(8, take, out, quiet, lambda run, *found: shown.append(run))
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
        (UserCodeError("mine fails"), 1, "gradlab: mine fails"),
        (
            KeyboardInterrupt(),
            130,
            "stopped; 2 of 8 runs are kept in there, and the same command in this directory goes on from there\n",
        ),
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


def stopped(capsys: pytest.CaptureFixture[str], **options: Any) -> str:
    """What a run says that is stopped."""
    with pytest.raises(typer.Exit):
        session(KeyboardInterrupt(), **options)
    return capsys.readouterr().err.splitlines()[-1]


def test_what_is_said_to_be_kept_is_on_the_disk(capsys: pytest.CaptureFixture[str], there: Path) -> None:
    said = stopped(capsys, out=there)
    assert said.endswith(f"stopped; 2 of 8 runs are kept in {there}, and the same command goes on from there")
    assert stopped(capsys, out=there, kept=0).endswith(
        f"stopped; no run is kept in {there} yet, and the same command begins anew"
    )
    assert stopped(capsys, fresh=True).endswith(
        "kept in there, and the same command without --fresh in this directory goes on from there"
    )
    there.rename(there.with_name("elsewhere"))
    assert "there is gone, so that nothing is kept there; if it was moved, pass" in stopped(capsys)


def test_an_interrupt_before_the_folder_is_taken_keeps_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def take(processes: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as ended:
        run_in_folder(8, take, Path("there"), False, lambda *found: None)
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, "gradlab: stopped; nothing was begun\n")


def test_bugs_of_ours_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        session(ZeroDivisionError())
