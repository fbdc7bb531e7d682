"""What `gradlab race`, `sweep` and `search` have in common: a run in a folder, its progress, and how it may end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import typer
import xarray as xr
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as Bar
from rich.text import Text

from ..lab.engine.distributed import Processes
from ..lab.engine.task import Task, Watcher
from ..lab.formatting import format_count
from ..lab.inputs.user_errors import UserCodeError, lines
from ..lab.results import provenance, study_folder
from ..lab.results.study_folder import FolderError
from ..lab.studies.resuming import OpenStudy
from .terminal import SafeConsole, fail, say

Take = Callable[[Processes], AbstractContextManager[OpenStudy]]
Show = Callable[[OpenStudy, Mapping[str, xr.Dataset], Mapping[str, str]], None]


def run_in_folder(runs: int, take: Take, out: Path, quiet: bool, show: Show) -> None:
    """Take the folder, make the runs or what is left of them, and show the results; ends the command if it is stopped.

    The exit code is 2 for a folder that is refused, 130 after Ctrl-C, and 1 if the disk refuses, or somebody else's
    optimizer or problem fails; the results of the others are shown all the same.
    """
    processes = Processes()
    note = _Note(quiet or not processes.is_first)
    bar = _Bar(runs, note)
    run: OpenStudy | None = None
    try:
        with take(processes) as run:
            if run.state == "unfinished":
                note(f"{out} holds an unfinished run of this plan; going on from there")
            with bar:
                run.finish(provenance.provenance(shlex.join(["gradlab", *sys.argv[1:]])), bar)
            if processes.is_first:
                if run.state == "complete":
                    note(f"{out} holds all of this {run.plan['kind']} already; --fresh runs it anew")
                show(run, *run.read())
            if run.failed:
                _say(lines(run.failed) if processes.is_first else [])
                raise typer.Exit(1)
    except FolderError as error:
        fail(error)
    except UserCodeError as error:
        _say(str(error).splitlines())
        raise typer.Exit(1) from None
    except KeyboardInterrupt as error:
        fail(f"stopped; {_what_is_kept(run, runs, out)}", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write to {out} ({error}); {_what_is_kept(run, runs, out)}", 1)


def may_write(run: OpenStudy) -> bool:
    """Whether the tables and pictures of a run can be written into its folder; a warning says why not.

    That is so for a finished run in a folder that can only be read, or that holds files of these names of somebody
    else's; of any other run the folder was examined before.
    """
    reason = "it can only be read"
    if run.is_writable:
        try:
            study_folder.refuse_foreign(run.out, run.plan)
            return True
        except FolderError as error:
            reason = str(error)
    say(f"gradlab: warning: tables and pictures in {run.out} are not made anew: {reason}")
    return False


def _what_is_kept(run: OpenStudy | None, runs: int, out: Path) -> str:
    """How many runs of a command that was stopped are on the disk, and how it goes on."""
    if run is None:
        return "nothing was begun"
    if not out.is_dir():
        return f"{out} is gone, so that nothing is kept there; if it was moved, pass its new place as --out"
    again = "the same command" + " without --fresh" * run.fresh + " in this directory" * (not out.is_absolute())
    there = run.runs_on_disk(runs)
    if not there:
        return f"no run is kept in {out} yet, and the same command begins anew"
    return f"{int(there + 1e-6):,} of {format_count(runs, 'run')} are kept in {out}, and {again} goes on from there"


def _say(messages: Sequence[str]) -> None:
    """Print messages on standard error, a line each."""
    for message in messages:
        say(f"gradlab: {message}")


class _Note:
    """Sentences on standard error, unless nothing but JSON is to be seen."""

    def __init__(self, quiet: bool):
        self.quiet = quiet

    def __call__(self, message: str) -> None:
        if not self.quiet:
            say(message)


class _Bar(Watcher):
    """The progress bar: what runs, how many runs are done and how fast, and the time left."""

    def __init__(self, runs: int, note: _Note):
        self.note = note
        console = SafeConsole(stderr=True, markup=False, highlight=False)
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
            _Rate("", markup=False), TimeRemainingColumn(),
        )  # fmt: skip
        self.progress = Progress(
            *columns, console=console, transient=True, disable=note.quiet or not console.is_terminal
        )
        self.bar = self.progress.add_task("starting", total=runs)

    def __enter__(self) -> _Bar:
        self.progress.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.progress.stop()

    def starts(self, task: Task) -> None:
        self.progress.update(self.bar, description=f"{task.problem.name}: {task.name}")

    def advances(self, runs: float) -> None:
        self.progress.advance(self.bar, runs)

    def warns(self, message: str) -> None:
        self.note(f"gradlab: warning: {message}")


class Checking(Watcher):
    """A line on standard error, in a terminal, that says how many points are checked; nothing for a few."""

    def __init__(self) -> None:
        console = SafeConsole(stderr=True, markup=False, highlight=False)
        self._status = console.status("") if console.is_terminal else None
        self._shown = False

    def checks(self, task: Task, points: int) -> None:
        if self._status is None:
            return
        self._status.update(Text(f"checking {task.name}: {points:,} of {format_count(task.count, 'point')}"))
        if not self._shown:
            self._status.start()
            self._shown = True

    def __enter__(self) -> Checking:
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None and self._shown:
            self._status.stop()


class _Rate(TextColumn):
    def render(self, task: Bar) -> Any:
        speed = f", {task.speed:.0f}/s" if task.speed else ""
        self.text_format = f"{int(task.completed)}/{int(task.total or 0)} runs{speed}"
        return super().render(task)
