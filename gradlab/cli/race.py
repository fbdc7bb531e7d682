"""The command `gradlab race`, which compares optimizers over learning rates.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import options
from .sessions.profiling import Profiling, profiling
from .sessions.program_cache import use_program_cache
from .sessions.workers import On, Workers, hire
from .terminal import completion
from .terminal.printing import fail, say

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from ..lab._studies.race import RaceStudy


def race(
    optimizers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[OPTIMIZER]...",
            help="Optimizers, or package.module:factory. Default: all of gradlab.",
            autocompletion=completion.complete_optimizers,
        ),
    ] = None,
    out: options.Out = Path("race"),
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="A problem, NAME:key=value,..., package.module:name, or all. Repeat it for more. "
            "Default: digits and ravine.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            help="One more optimizer, as in other commands. Repeat it for more.",
            autocompletion=completion.complete_optimizers,
        ),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            help="The number of learning rates for each optimizer, over three decades; or the learning rates for all "
            "of them: log:1e-4:1:9 or 0.1,0.3,1. Default: 13, or those of the baselines."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            callback=options.check_seeds,
            help="Runs at each learning rate: a number of seeds, or the seeds (5:10 for 5 to 9, or 0,1,4). Half of "
            "them choose the best rate, and half report on it. Default: 10, or those of the baselines.",
        ),
    ] = None,
    steps: options.Steps = None,
    lanes: options.Lanes = None,
    chunk: options.Chunk = None,
    prune: options.Prune = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Train the given optimizers alone, and compare them with tuned ones: baselines, which are gradlab's, "
            "or a folder that gradlab baselines wrote."
        ),
    ] = None,
    fresh: options.Fresh = False,
    log: options.Log = None,
    cpu_fusion: options.CpuFusion = False,
    table: Annotated[
        bool,
        typer.Option(
            "--table",
            help="Print one table of all problems, with the budget, the memory and the time of an update, and what it "
            "does not show. Also written: table.md, table.csv and table.json.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON and nothing else.")] = False,
    profile: Profiling = False,
    workers: Workers = None,
    on: On = None,
    coordinator: options.Coordinator = None,
    processes: options.ProcessCount = None,
    process: options.ProcessIndex = None,
) -> None:
    """Race the optimizers over a grid of learning rates and seeds, and compare them.

    The same command on a folder with a stopped race goes on from there. With more seeds, learning rates or optimizers,
    it computes only what the folder does not hold.
    """
    with profiling(profile, out):
        from ..lab._profile import measure

        with measure("import"):
            import gradlab.lab._studies.race  # noqa: F401  # once, before the workers are copied

            from .sessions.study_session import run_in_folder
        named = [*(optimizers or ()), *(optimizer or ())] or None
        given = problem, named, rates, seeds, steps, lanes, chunk, prune, against
        use_program_cache()
        options.use_cpu_fusion(cpu_fusion)
        is_shared = any(option is not None for option in (coordinator, processes, process))
        options.refuse_shared_pruning(prune, is_shared, on)
        if prune is not None and table:
            options.refuse_table_of_pruned_runs()
        if against is not None and table:
            fail("--table needs the time and the memory of all optimizers, which baselines do not have; leave it out")
        with hire(lambda: _build(*given).tasks, workers, out, fresh, is_shared, on) as crew:
            options.join_processes(coordinator, processes, process)
            with measure("check"):
                study = make_study(*given)
            if table:
                _refuse_foreign_tables(out)
            for line in getattr(study, "notes", ()):
                say(line)
            for line in getattr(study, "warnings", ()):
                say(f"gradlab: warning: {line}")
            run_in_folder(study, out, fresh, as_json, print_board, with_table=table, helpers=crew, log=log)


def make_study(
    problems: list[str] | None,
    optimizers: list[str] | None,
    rates: str | None,
    seeds: str | None,
    steps: int | None,
    lanes: int | None = None,
    chunk: int | None = None,
    prune: str | None = None,
    against: str | None = None,
) -> RaceStudy:
    """Return the study of the options; end the command if one of them is wrong."""
    from ..lab._studies.race import check_tasks
    from .sessions.study_session import Checking

    with options.refusing(("rates", "seeds", "steps", "lanes", "chunk", "prune", "against")), Checking() as watcher:
        study = _build(problems, optimizers, rates, seeds, steps, lanes, chunk, prune, against)
        check_tasks(study.tasks, watcher)
    return study


def _build(
    problems: list[str] | None,
    optimizers: list[str] | None,
    rates: str | None,
    seeds: str | None,
    steps: int | None,
    lanes: int | None,
    chunk: int | None,
    prune: str | None,
    against: str | None,
) -> RaceStudy:
    from ..lab._studies.race import make_race
    from ..lab._studies.study_arguments import DEFAULT_PROBLEMS

    chosen = problems or DEFAULT_PROBLEMS, optimizers
    return make_race(*chosen, rates, seeds, steps, lanes, chunk, prune, against, "--rates")


def _refuse_foreign_tables(out: Path) -> None:
    """End the command before it computes anything, if files of the user have the names of the table's files."""
    from ..lab._results.study_folder import TABLES, FolderError, refuse_to_overwrite

    try:
        refuse_to_overwrite(out / name for name in TABLES)
    except FolderError as error:
        fail(error)
    except (OSError, ValueError):  # the folder itself is wrong, which opening it explains
        pass


def print_board(console: Console, dataset: xr.Dataset) -> None:
    """Print the leaderboard of a problem, and the verdict."""
    from ..lab.analysis.comparison import ranks, verdict
    from ..lab.analysis.leaderboard import leaderboard
    from .study_tables.leaderboard_table import print_leaderboard

    rows = leaderboard(dataset)
    print_leaderboard(console, dataset, rows, verdict(rows, ranks(dataset, rows=rows)))
