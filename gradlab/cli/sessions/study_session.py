"""A study on the command line, for race, sweep and search: its folder, its progress, and the ways in which it ends."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import typer
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as Bar
from rich.text import Text

from ...interrupts import raise_swallowed
from ...lab._cluster.dask_cluster import ClusterError
from ...lab._engine.distributed import Processes
from ...lab._engine.task import Task, Watcher
from ...lab._engine.task_runner import Helpers
from ...lab._exports.live.live_log import LogFunction, LogWatcher, make_log
from ...lab._exports.live.tensorboard_log import TensorBoardLog
from ...lab._exports.table_formats import MissingPackageError
from ...lab._formatting import format_count
from ...lab._inputs.user_errors import UserCodeError, describe_failures
from ...lab._profile import measure
from ...lab._results.provenance import collect_provenance
from ...lab._results.study_folder import FolderError
from ...lab._studies.fair_table_outputs import make_fair_table, write_fair_table
from ...lab._studies.open_study import OpenStudy, open_study
from ...lab._studies.outputs import write_outputs
from ...lab._studies.study import Study
from ...lab.analysis.documents.table_files import format_json
from ..study_tables.fair_table import explain_columns, make_columns, print_fair_table
from ..terminal.printing import SafeConsole, fail, make_console, print_json, say
from ..terminal.shown_progress import LinesNowAndThen, ShownProgress
from ..terminal.tables import print_files

Print = Callable[[Console, xr.Dataset], None]  # prints the results on one problem


def run_in_folder(
    study: Study,
    out: Path,
    fresh: bool,
    quiet: bool,
    print_results: Print,
    with_table: bool = False,
    helpers: Helpers | None = None,
    log: str | None = None,
) -> None:
    """Open a study in a folder, make the runs that are missing, write its files and print its results.

    The `helpers` compute what is missing, if there are any. With `with_table`, the fair table of a race is made and
    takes the place of the leaderboards. A `log` is told what is computed (see `make_log`). If it is `quiet`, nothing
    but a JSON document is printed on standard output. The exit code is 2 for a folder that is refused, 130 after
    Ctrl-C, and 1 if the disk refuses, a cluster is gone, or user code fails; the results of the others are printed all
    the same.
    """
    processes = Processes()
    note = _Note(quiet or not processes.is_first)
    bar = _Bar(study.kind, study.runs, note)
    opened: OpenStudy | None = None
    try:
        with (
            _make_log(log if processes.is_first else None, study, note) as function,
            open_study(study, out, fresh, processes) as opened,
        ):
            for line in opened.growth:
                note(line)
            if opened.state == "unfinished" and not opened.growth:
                note(f"{out} holds an unfinished run of this plan; going on from there")
            with bar:
                command = shlex.join(["gradlab", *sys.argv[1:]])
                opened.finish(collect_provenance(command), LogWatcher(function, bar), helpers)
            if processes.is_first:
                if opened.state == "complete":
                    note(f"{out} holds all of this {study.kind} already; --fresh runs it anew")
                    if log:
                        note(f"nothing is logged; gradlab export {shlex.quote(str(out))} --to tensorboard writes all")
                with measure("print"):
                    _print(opened, quiet, print_results, bar, with_table, helpers)
            if opened.failed:
                _say(describe_failures(opened.failed) if processes.is_first else [])
                raise typer.Exit(1)
    except FolderError as error:
        fail(error)
    except UserCodeError as error:
        _say(str(error).splitlines())
        raise typer.Exit(1) from None
    except ClusterError as error:
        fail(f"{error}; {_what_is_kept(opened, out)}", 1)
    except KeyboardInterrupt as error:
        fail(f"stopped; {_what_is_kept(opened, out)}", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write to {out} ({error}); {_what_is_kept(opened, out)}", 1)


def _make_log(log: str | None, study: Study, note: _Note) -> AbstractContextManager[LogFunction | None]:
    """Return the log of a study; end the command if it cannot be written."""
    try:
        made = make_log(log, study.runs, study.seeds)
    except MissingPackageError as error:
        fail(error, 1)
    except FolderError as error:
        fail(error)
    except ValueError as error:
        fail(f"--{error}")
    if isinstance(made, TensorBoardLog) and made.note:
        note(made.note)
    return made


def _print(
    opened: OpenStudy, quiet: bool, print_results: Print, bar: _Bar, with_table: bool, helpers: Helpers | None
) -> None:
    """Print the results of a finished study on each problem, or its table, and write its files; or print JSON alone."""
    results = opened.read()
    table = make_fair_table(opened, results, bar.note) if with_table else None
    console = make_console()
    if not quiet:  # at once, since the pictures take a while, and may be interrupted
        if table is not None:
            print_fair_table(console, table)
        else:
            for node in results.children.values():
                print_results(console, node.to_dataset())
        console.file.flush()
    with bar:
        document = write_outputs(opened, results, bar, helpers)
    files = list[str](document["files"])
    if table is not None:
        document |= {"table": table.document}
        if opened.is_writable:
            notes = [explain_columns(table), *table.limits]
            files = [*write_fair_table(opened.out, table, make_columns(table), notes), *files]
    if quiet:
        print_json(format_json(document))
    else:
        print_files(console, opened.study.runs - _count_failed(opened), opened.out, files)


def _count_failed(opened: OpenStudy) -> int:
    """Return how many runs are left out of the results, since their optimizers failed."""
    tasks = getattr(opened.study, "tasks", ()) if opened.failed else ()
    return sum(task.run_count for task in tasks if task.name in opened.failed.get(task.problem.name, {}))


def _what_is_kept(opened: OpenStudy | None, out: Path) -> str:
    """Say how many runs of a command that was stopped are on the disk, and how it goes on."""
    if opened is None:
        return "nothing was begun"
    if not out.is_dir():
        return f"{out} is gone, so that nothing is kept there; if it was moved, pass its new place as --out"
    again = "the same command" + " without --fresh" * opened.fresh + " in this directory" * (not out.is_absolute())
    there = opened.runs_on_disk()
    if not there:
        return f"no run is kept in {out} yet, and the same command begins anew"
    runs = format_count(opened.study.runs, "run")
    return f"{int(there + 1e-6):,} of {runs} are kept in {out}, and {again} goes on from there"


def _say(messages: Sequence[str]) -> None:
    """Print each message as a line on standard error."""
    for message in messages:
        say(f"gradlab: {message}")


class _Note:
    """A printer of sentences on standard error; it is silent if the user wants JSON alone."""

    def __init__(self, quiet: bool):
        self.quiet = quiet

    def __call__(self, message: str) -> None:
        if not self.quiet:
            say(message)


class _Bar(Watcher):
    """Shows the current task, the number of finished runs, their speed, and the time left; and later the pictures."""

    def __init__(self, kind: str, runs: int, note: _Note):
        self.note = note
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
            _Rate("", markup=False), TimeRemainingColumn(),
        )  # fmt: skip
        self.progress = ShownProgress(kind, *columns, hidden=note.quiet)
        self.bar = self.progress.add_task("starting", total=runs, unit="runs")

    def __enter__(self) -> _Bar:
        self.progress.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.progress.stop()

    def on_start(self, task: Task) -> None:
        raise_swallowed()
        self.progress.update(self.bar, description=f"{task.problem.name}: {task.name}")

    def on_progress(self, runs: float) -> None:
        raise_swallowed()
        self.progress.advance(self.bar, runs)

    def on_draw(self, done: int, count: int) -> None:
        if not done:
            self.progress.reset(self.bar, total=count, description="drawing", unit="pictures")
        self.progress.update(self.bar, completed=done)

    def on_note(self, message: str) -> None:
        self.note(message)

    def on_warning(self, message: str) -> None:
        say(f"gradlab: warning: {message}")


class Checking(Watcher):
    """Shows how many points have been checked, when there are many: a line in the terminal, lines elsewhere."""

    def __init__(self) -> None:
        console = SafeConsole(stderr=True, markup=False, highlight=False)
        self._status = console.status("") if console.is_terminal else None
        self._say = LinesNowAndThen()
        self._shown = False

    def on_check(self, task: Task, points: int) -> None:
        sentence = f"checking {task.name}: {points:,} of {format_count(task.point_count, 'point')}"
        if self._status is None:
            self._say(sentence)
            return
        self._status.update(Text(sentence))
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
        self.text_format = f"{int(task.completed)}/{int(task.total or 0)} {task.fields['unit']}{speed}"
        return super().render(task)
