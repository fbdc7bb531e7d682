"""The command `gradlab baselines`, which searches the optimizers on each problem, and keeps the results in small files.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..arguments import options
from ..terminal import completion
from ..terminal.printing import fail, say

if TYPE_CHECKING:
    from ...lab._baselines.baseline_file import Baseline
    from ...lab.problems.base import Problem


def baselines(
    out: Annotated[Path, typer.Option(help="The folder for the baselines. It may be new.")] = Path("own_baselines"),
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="A problem, NAME:key=value,..., or package.module:name. Repeat it for more. Default: those whose "
            "baselines come with gradlab.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            help="An optimizer of gradlab. Repeat it for more. Default: all.",
            autocompletion=completion.complete_optimizers,
        ),
    ] = None,
    rates: Annotated[
        str | None, typer.Option(help="The learning rates, the same for all optimizers. Default: log:1e-4:100:13.")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(callback=options.check_seeds, help="Runs at each learning rate: as for a race. Default: 10."),
    ] = None,
    steps: options.Steps = None,
    workers: Annotated[int | None, typer.Option(min=1, help="As for a race.")] = None,
) -> None:
    """Search the learning rate of the optimizers on each problem, and keep the results for race --against.

    Each search is a race, in the folder studies below the given one. The same command goes on where it was stopped,
    and passes over baselines that are there and of this code. How they are made and read: docs/how-to/baselines.md.
    """
    began = time.monotonic()
    chosen = _find(problem, optimizer, rates, seeds, steps)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, found, optimizers, given in chosen:
            _search(out, name, found, optimizers, given, rates, seeds, steps, workers)
    except KeyboardInterrupt as error:
        fail(f"stopped; the same command goes on from there in {out}", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write to {out} ({error.strerror or error}); pass another --out", 1)
    count = "the baseline is" if len(chosen) == 1 else f"{len(chosen)} baselines are"
    say(f"{count} in {out}; this took {time.monotonic() - began:.0f} s")


_Chosen = list[tuple[str, "Problem", list[str], dict[str, Any]]]  # as typed, problem, optimizers, options


def _find(
    problems: list[str] | None, optimizers: list[str] | None, rates: str | None, seeds: str | None, steps: int | None
) -> _Chosen:
    """Return what is to be searched; end the command if an option is wrong."""
    options.prepare_jax()
    from ...lab._baselines.searches import RATES, SEEDS, SHIPPED
    from ...lab._inputs.default_contestants import collect_contestants
    from ...lab._inputs.loading import find_problem
    from ...lab._inputs.name_lookup import look_up
    from ...lab._studies.race import RaceStudy, parse_rates

    contestants = collect_contestants()
    chosen: _Chosen = []
    with options.refusing(("rates", "seeds", "steps")):
        for name in problems or SHIPPED:
            found = find_problem(name)
            if not found.name.isidentifier():
                raise ValueError(f"{found.name} is the name of a file too; give the problem one of letters and digits")
            names = list(dict.fromkeys(optimizers or contestants))
            racers = tuple(look_up(label, contestants, "optimizer") for label in names)
            grid = parse_rates(rates or RATES, "--rates")
            if isinstance(grid, int):
                raise ValueError(f"rates must be learning rates, such as log:1e-4:100:{grid}, not a number of them")
            study = RaceStudy((found,), racers, grid, seeds or SEEDS, steps)
            given = {"rates": study.rates, "seeds": study.seeds, "steps": study.tasks[0].steps}
            chosen.append((name, found, names, given))
    return chosen


def _search(
    out: Path,
    name: str,
    problem: Problem,
    optimizers: list[str],
    given: dict[str, Any],
    rates: str | None,
    seeds: str | None,
    steps: int | None,
    workers: int | None,
) -> None:
    """Run the race on a problem in a process of its own, and write its baseline, unless that is there."""
    from ...lab._baselines.definitions import digest_definition
    from ...lab._baselines.making import NoBaselineError, find_current, make_baseline
    from ...lab._baselines.searches import RATES, SEEDS
    from ...lab._results.results_file import ResultsError

    if current := find_current(out, problem, optimizers, given):
        _report(current, "is there already")
        return
    # The digest is in the name, so that runs of other code of the problem are never taken.
    study = out / "studies" / f"{problem.name}-{digest_definition(problem)}"
    began = time.monotonic()
    words = ["race", "--problem", name, *(word for label in optimizers for word in ("--optimizer", label))]
    words += ["--rates", rates or RATES, "--seeds", seeds or SEEDS, "--out", str(study)]
    words += [] if steps is None else ["--steps", str(steps)]
    words += [] if workers is None else ["--workers", str(workers)]
    code = subprocess.run([sys.executable, "-m", "gradlab", *words], stdout=subprocess.DEVNULL).returncode
    if code:
        fail(f"the search on {problem.name} ended with exit code {code}: gradlab {shlex.join(words)}", code)
    try:
        baseline = make_baseline(study, problem, out)
    except (NoBaselineError, ResultsError) as error:
        fail(error, 1)
    _report(baseline, f"took {time.monotonic() - began:.0f} s")


def _report(baseline: Baseline, what: str) -> None:
    from ...lab._formatting import format_count

    size = baseline.path.stat().st_size / 1024
    count, runs = format_count(len(baseline.optimizers), "optimizer"), format_count(baseline.runs, "run")
    say(f"{baseline.path}: {count}, {runs}, {size:.0f} KiB; {what}")
