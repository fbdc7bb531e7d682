"""A session ends as it should, whatever stops it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import xarray as xr

import gradlab as gl
from gradlab.cli.sessions.study_session import run_in_folder
from gradlab.cli.terminal.shown_progress import ShownProgress
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._inputs.user_errors import Failures, UserCodeError
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab.problems import Ravine


class Study:
    """A study of eight runs."""

    kind, runs, seeds = "race", 8, (0, 1)


class Opened:
    """An open study that tells how far it is, and then raises, or ends."""

    state, study = "unfinished", Study()
    failed: Failures = {}  # noqa: RUF012
    growth = ()

    def __init__(self, error: BaseException | None, kept: int, fresh: bool, out: Path):
        self.error, self.kept, self.fresh, self.out = error, kept, fresh, out

    def runs_on_disk(self) -> int:
        return self.kept

    def finish(self, attributes: Any, watcher: Watcher, helpers: Any) -> None:
        assert helpers is None
        assert attributes["command"].startswith("gradlab")
        watcher.on_start(Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": np.array([0.1])}, (0,), 1))
        watcher.on_progress(2.5)
        watcher.on_warning("a part is damaged")
        if self.error is not None:
            raise self.error

    def read(self) -> xr.DataTree:
        return xr.DataTree.from_dict({"ravine": xr.Dataset(attrs={"problem": "ravine"})})


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the run, which is named as below the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`session(error)`: a study that an error stops while it runs, or one while it is `drawing`."""

    def run(
        error: BaseException | None,
        quiet: bool = False,
        out: Path = Path("there"),
        kept: int = 2,
        fresh: bool = False,
        drawing: BaseException | None = None,
    ) -> None:
        @contextmanager
        def opened(study: Any, out: Path, fresh: bool, processes: Any) -> Iterator[Any]:
            yield Opened(error, kept, fresh, out)

        monkeypatch.setattr("gradlab.cli.sessions.study_session.open_study", opened)

        def write(opened: Any, results: Any, watcher: Watcher, helpers: Any) -> dict[str, Any]:
            if drawing is not None:
                raise drawing
            watcher.on_draw(0, 3)
            return {"files": ["results.nc"]}

        monkeypatch.setattr("gradlab.cli.sessions.study_session.write_outputs", write)
        study: Any = Study()
        run_in_folder(study, out, fresh, quiet, lambda console, dataset: console.print(dataset.attrs["problem"]))

    return run


Session = Callable[..., None]


def test_results_are_printed_when_the_study_is_finished(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session(None)
    printed = capsys.readouterr()
    assert printed.out == "ravine\n8 runs. Written:\n  there/results.nc\n"
    assert printed.err == (
        "there holds an unfinished run of this plan; going on from there\ngradlab: warning: a part is damaged\n"
    )
    session(None, quiet=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"files": ["results.nc"]}
    assert printed.err == "gradlab: warning: a part is damaged\n"


def test_results_are_printed_before_the_pictures_are_drawn(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        session(None, drawing=KeyboardInterrupt(), kept=8)
    printed = capsys.readouterr()
    assert printed.out == "ravine\n"
    assert printed.err.splitlines()[-1].startswith("gradlab: stopped; 8 of 8 runs are kept in there, and the same")


def test_runs_of_an_optimizer_that_failed_are_not_counted(
    session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [
        Task(Ravine(), name, "", gl.sgd, {"learning_rate": np.array([0.1, 0.2])}, (0, 1), 1) for name in ("sgd", "mine")
    ]
    monkeypatch.setattr(Study, "tasks", tasks, raising=False)
    monkeypatch.setattr(Opened, "failed", {"ravine": {"mine": "it raised"}})
    with pytest.raises(typer.Exit):
        session(None)
    assert "\n4 runs. Written:\n" in capsys.readouterr().out


def test_it_says_how_many_pictures_are_drawn(
    session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    class Shown(ShownProgress):
        def stop(self) -> None:
            said.append(self.describe())
            super().stop()

    monkeypatch.setattr("gradlab.cli.sessions.study_session.ShownProgress", Shown)
    session(None)
    assert said == ["race: 2 of 8 runs, 0 s; ravine: sgd", "race: 0 of 3 pictures, 0 s; drawing"]


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
    session: Session, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, message: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        session(error)
    assert ended.value.exit_code == code
    assert message in capsys.readouterr().err


@pytest.fixture
def stopped(session: Session, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`stopped(kept=2)`: the sentence of a study that is stopped."""

    def run(**options: Any) -> str:
        with pytest.raises(typer.Exit):
            session(KeyboardInterrupt(), **options)
        return capsys.readouterr().err.splitlines()[-1]

    return run


def test_what_is_said_to_be_kept_is_on_the_disk(stopped: Callable[..., str], there: Path) -> None:
    said = stopped(out=there)
    assert said.endswith(f"stopped; 2 of 8 runs are kept in {there}, and the same command goes on from there")
    assert stopped(out=there, kept=0).endswith(
        f"stopped; no run is kept in {there} yet, and the same command begins anew"
    )
    assert stopped(fresh=True).endswith(
        "kept in there, and the same command without --fresh in this directory goes on from there"
    )
    there.rename(there.with_name("elsewhere"))
    assert "there is gone, so that nothing is kept there; if it was moved, pass" in stopped()


def test_an_interrupt_before_the_folder_is_opened_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradlab.cli.sessions.study_session.open_study", interrupted)
    with pytest.raises(typer.Exit) as ended:
        run_in_folder(Study(), Path("there"), False, False, lambda *_: None)  # type: ignore[arg-type]
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, "gradlab: stopped; nothing was begun\n")


def test_an_interrupt_that_a_library_swallowed_stops_the_runs(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gradlab.interrupts._received", [2])
    with pytest.raises(typer.Exit) as ended:
        session(None)
    assert ended.value.exit_code == 130
    assert "stopped; 2 of 8 runs are kept" in capsys.readouterr().err


def test_bugs_of_ours_are_not_hidden(session: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        session(ZeroDivisionError())
