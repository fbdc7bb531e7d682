"""`gradlab race`: the curated comparison."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from gradlab.lab import export, folder, results
from gradlab.lab.entrants import entrants
from gradlab.lab.leaderboard import leaderboard
from gradlab.lab.names import UnknownNameError, pick
from gradlab.lab.problems import PROBLEMS
from gradlab.lab.race import Lap, Plan
from gradlab.lab.race import race as run_race

from .leaderboard import print_leaderboard
from .terminal import fail, output

CURATED = ("digits", "ravine")  # of all problems, those that a race is run on unless others are named
SAVE_EVERY = 1.0  # seconds: laps of milliseconds would spend longer in the file than in training


def race(
    out: Annotated[Path, typer.Option(help="The folder for results; made if it is not there.")] = Path("race"),
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem; repeat for more. Left out: digits and ravine.")
    ] = None,
    optimizer: Annotated[list[str] | None, typer.Option(help="An optimizer; repeat for more. Left out: all.")] = None,
    rates: Annotated[int, typer.Option(help="Learning rates for each optimizer, evenly over three decades.")] = 13,
    seeds: Annotated[int, typer.Option(help="Runs at each rate: half choose the best rate, half report on it.")] = 10,
    steps: Annotated[int | None, typer.Option(help="Updates in a run. Left out: the problem's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON, and nothing else.")] = False,
) -> None:
    """Race the optimizers over a grid of learning rates and seeds, and compare them."""
    plan = make_plan(problem, optimizer, rates, seeds, steps)
    try:
        note = folder.prepare(out)
    except folder.FolderError as error:
        fail(error)
    if note and not as_json:
        typer.echo(note, err=True)
    _Race(plan, out, quiet=as_json).run()


def make_plan(
    problems: list[str] | None, optimizers: list[str] | None, rates: int, seeds: int, steps: int | None
) -> Plan:
    """The plan of the options; ends the command if one of them is wrong."""
    table = entrants()
    try:
        makers = [pick(name, PROBLEMS, "problem") for name in dict.fromkeys(problems or CURATED)]
        chosen = [pick(name, table, "optimizer") for name in dict.fromkeys(optimizers or table)]
    except UnknownNameError as error:
        fail(error)
    try:
        return Plan(tuple(make() for make in makers), tuple(chosen), rates, seeds, steps)
    except ValueError as error:
        fail(f"--{error}")


class _Race:
    """A race in progress: what it has found, and how much of it is on disk."""

    def __init__(self, plan: Plan, out: Path, quiet: bool):
        self.plan, self.out, self.quiet = plan, out, quiet
        self.laps: dict[str, list[Lap]] = {}
        self.attributes = results.provenance(shlex.join(["gradlab", *sys.argv[1:]]))
        self.saved_at, self.saved_runs, self.kept_in = time.monotonic(), 0, out / folder.PARTIAL

    def run(self) -> None:
        """Race, save and show; ends the command with 130 after Ctrl-C, and with 1 if the disk refuses."""
        try:
            self._run()
        except KeyboardInterrupt:
            kept = f"{self.saved_runs} of {self.plan.runs} runs are kept in {self.kept_in}"
            fail(f"stopped; {kept if self.saved_runs else 'nothing was saved yet'}", 130)
        except OSError as error:
            fail(f"cannot write to {self.out} ({error}); {self.saved_runs} runs are kept in {self.kept_in}", 1)

    def _run(self) -> None:
        console = Console(stderr=True, markup=False, highlight=False)
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
            TextColumn("{task.completed}/{task.total} runs"), TimeRemainingColumn(),
        )  # fmt: skip
        old_pictures = folder.pictures_of_last_race(self.out)
        with Progress(*columns, console=console, transient=True, disable=self.quiet or not console.is_terminal) as bar:
            task = bar.add_task("starting", total=self.plan.runs)
            laps = run_race(self.plan, lambda p, e: bar.update(task, description=f"{p.name}: {e.name}"))
            try:
                for lap in laps:
                    self.laps.setdefault(lap.problem.name, []).append(lap)
                    bar.advance(task, self.plan.runs_per_lap)
                    if time.monotonic() - self.saved_at >= SAVE_EVERY:
                        self._save()
            finally:
                laps.close()
                self._save()
            bar.update(task, description="drawing")
            datasets = self._datasets()
            self.kept_in = folder.finish(self.out)
            files = [self.kept_in, *(self.out / name for name in folder.LEADERBOARDS)]
            from gradlab.lab.plots import draw_pictures  # matplotlib takes a second: not before the race

            pictures = draw_pictures(self.out, datasets, {problem.name: problem for problem in self.plan.problems})
            folder.remove_stale(old_pictures, pictures)
            files += pictures
            boards = {name: leaderboard(dataset) for name, dataset in datasets.items()}
            content = export.document(boards, datasets, self.attributes, files)
            export.write_csv(self.out / "leaderboard.csv", boards)
            export.write_json(self.out / "leaderboard.json", content)
        self._show(datasets, boards, content, files)

    def _datasets(self) -> dict[str, xr.Dataset]:
        return {name: results.assemble(laps) for name, laps in self.laps.items()}

    def _save(self) -> None:
        if not self.laps:
            return
        results.write(self.out / folder.PARTIAL, self._datasets(), self.attributes)
        self.saved_runs = self.plan.runs_per_lap * sum(map(len, self.laps.values()))
        self.saved_at = time.monotonic()

    def _show(self, datasets: dict[str, xr.Dataset], boards: Any, content: Any, files: list[Path]) -> None:
        if self.quiet:
            typer.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))
            return
        console = output()
        for name, rows in boards.items():
            print_leaderboard(console, datasets[name], rows)
        console.print(f"{self.plan.runs} runs. Written:")
        for path in files:
            console.print(f"  {path}")
