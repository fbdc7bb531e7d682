"""`gradlab race`: the curated comparison.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..lab.inputs.contestants import all_contestants
from . import completion, options
from .tables import print_written
from .terminal import output, print_json

if TYPE_CHECKING:
    import xarray as xr

    from ..lab.analysis.leaderboard import Row
    from ..lab.studies.race import RaceStudy
    from ..lab.studies.resuming import OpenStudy

CURATED = ("digits", "ravine")  # of all problems, those that a race is run on unless others are named


def race(
    out: options.Out = Path("race"),
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="A problem, or package.module:name; repeat for more. Left out: digits and ravine.",
            autocompletion=completion.problems,
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            help="An optimizer, or package.module:factory; repeat for more. Left out: all of gradlab.",
            autocompletion=completion.optimizers,
        ),
    ] = None,
    rates: Annotated[
        str,
        typer.Option(
            help="How many learning rates for each optimizer, evenly over three decades; or the rates for all of them: "
            "log:1e-4:1:9, or 0.1,0.3,1."
        ),
    ] = "13",
    seeds: Annotated[
        int, typer.Option(min=1, help="Runs at each rate: half choose the best rate, half report on it.")
    ] = 10,
    steps: options.Steps = None,
    lanes: options.Lanes = None,
    chunk: options.Chunk = None,
    fresh: options.Fresh = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON, and nothing else.")] = False,
    coordinator: options.Coordinator = None,
    processes: options.ProcessCount = None,
    process: options.ProcessIndex = None,
) -> None:
    """Race the optimizers over a grid of learning rates and seeds, and compare them.

    The same command on a folder with a stopped race goes on from there.
    """
    from ..lab.studies.resuming import open_study
    from .session import run_in_folder

    options.join_processes(coordinator, processes, process)
    plan = make_plan(problem, optimizer, rates, seeds, steps, lanes, chunk)

    def show(run: OpenStudy, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
        _show(run, plan, datasets, attributes, as_json)

    run_in_folder(plan.runs, partial(open_study, "race", plan.tasks, out, fresh), out, as_json, show)


def make_plan(
    problems: list[str] | None,
    optimizers: list[str] | None,
    rates: str,
    seeds: int,
    steps: int | None,
    lanes: int | None = None,
    chunk: int | None = None,
) -> RaceStudy:
    """The plan of the options; ends the command if one of them is wrong."""
    from ..lab.inputs.loading import find_contestant, find_problem
    from ..lab.studies.race import RaceStudy
    from ..lab.studies.search_space import values_of
    from .session import Checking

    with options.refusing(("rates", "seeds", "steps", "lanes", "chunk")):
        chosen_problems = tuple(find_problem(name) for name in dict.fromkeys(problems or CURATED))
        chosen = tuple(find_contestant(name) for name in dict.fromkeys(optimizers or all_contestants()))
        grid = int(rates) if re.fullmatch(r"-?[0-9]+", rates) else tuple(values_of("--rates", rates).tolist())
        plan = RaceStudy(chosen_problems, chosen, grid, seeds, steps, lanes, chunk)
        with Checking() as watcher:
            for task in plan.tasks:
                task.check(watcher)
    return plan


def _show(
    run: OpenStudy, plan: RaceStudy, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], as_json: bool
) -> None:
    from ..lab.analysis import export
    from ..lab.analysis.comparison import ranks, verdict
    from ..lab.analysis.leaderboard import leaderboard
    from ..lab.results import study_folder
    from .leaderboard import print_leaderboard
    from .session import may_write

    boards = {name: leaderboard(dataset) for name, dataset in datasets.items()}
    verdicts = {name: verdict(boards[name], ranks(dataset)) for name, dataset in datasets.items()}
    document = partial(export.document, boards, datasets, verdicts, export.fixed(attributes))
    listing = run.out / study_folder.LEADERBOARDS[1]  # which is written last
    content = document(study_folder.listed_files(listing))
    if run.state != "complete" or not export.is_written(listing, content):
        content = document([study_folder.RESULTS])
        if may_write(run):
            report, *pictures = _write(run, plan, datasets, attributes, boards)
            files = [study_folder.RESULTS, report, *study_folder.LEADERBOARDS, *pictures]
            content = document(files)
            export.write_json(listing, content)
    if as_json:
        print_json(export.json_text(content))
        return
    console = output()
    for name, rows in boards.items():
        print_leaderboard(console, datasets[name], rows, verdicts[name])
    print_written(console, plan.runs, run.out, content["files"])


def _write(
    run: OpenStudy,
    plan: RaceStudy,
    datasets: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    boards: Mapping[str, Sequence[Row]],
) -> list[str]:
    """Write the table, the pictures and the report into the folder; the names of the report and the pictures."""
    from gradlab.lab.plots import draw_pictures  # matplotlib takes a second: not before the race
    from gradlab.lab.report import write_report

    from ..lab.analysis import export
    from ..lab.results import study_folder

    old = study_folder.drawn_by_last_run(run.out)
    problems = {problem.name: problem for problem in plan.problems}
    pictures = draw_pictures(run.out, datasets, problems)
    tables = [run.out / name for name in study_folder.LEADERBOARDS]
    study_folder.remove_stale(old, [*pictures, *tables, run.out / study_folder.REPORT])
    export.write_csv(tables[0], boards)
    write_report(datasets, attributes, run.out / study_folder.REPORT, problems)
    return [study_folder.REPORT, *(path.name for path in pictures)]
