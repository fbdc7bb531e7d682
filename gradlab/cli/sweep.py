"""`gradlab sweep`: one's own grid of hyperparameters."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gradlab.lab import export, points
from gradlab.lab.durable import DurableRun
from gradlab.lab.folder import POINTS, RESULTS
from gradlab.lab.grid import Axis, GridError, parse
from gradlab.lab.load import LoadError, find_factory, find_problem
from gradlab.lab.names import UnknownNameError
from gradlab.lab.points import Point
from gradlab.lab.race import require_different
from gradlab.lab.sweep import SweepPlan

from . import options
from .session import run_in_folder
from .terminal import fail, output

SHOWN = 10  # points in the terminal; the files have all


def sweep(
    optimizer: Annotated[
        list[str], typer.Option(help="An optimizer, optax:name, or package.module:factory; repeat for more.")
    ],
    assignments: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="A hyperparameter and its values: b1=0.8,0.9 or lin:LOW:HIGH:COUNT or log:LOW:HIGH:COUNT, without the "
            "count for --samples; repeat for more.",
        ),
    ],
    out: options.Out = Path("sweep"),
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem, or package.module:name; repeat for more. Left out: digits.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Runs at each point: half rank the points, half report on them.")] = 5,
    steps: options.Steps = None,
    samples: Annotated[int | None, typer.Option(help="Take so many points of the ranges, instead of a grid.")] = None,
    sampler: Annotated[Literal["sobol", "random"], typer.Option(help="How the points are spread.")] = "sobol",
    sample_seed: Annotated[int, typer.Option(help="Other numbers give other points.")] = 0,
    lanes: options.Lanes = None,
    chunk: options.Chunk = None,
    fresh: options.Fresh = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all points as JSON, and nothing else.")] = False,
    coordinator: options.Coordinator = None,
    processes: options.ProcessCount = None,
    process: options.ProcessIndex = None,
) -> None:
    """Train optimizers at every point of a grid of their hyperparameters, from several seeds, and rank the points.

    The same command on a folder with a stopped sweep goes on from there.
    """
    options.join_processes(coordinator, processes, process)
    names = list(dict.fromkeys(optimizer))
    try:
        require_different([name.rpartition(":")[2] for name in names], "optimizer")
        plan = SweepPlan(
            tuple(find_problem(name) for name in dict.fromkeys(problem or ["digits"])),
            {name.rpartition(":")[2]: find_factory(name) for name in names},
            _axes(assignments),
            seeds, steps, samples, sampler, sample_seed, lanes, chunk,
        )  # fmt: skip
    except (UnknownNameError, LoadError, GridError) as error:
        fail(error)
    except (TypeError, ValueError) as error:
        is_option = str(error).split(" ")[0] in ("seeds", "steps", "samples", "lanes", "chunk")
        fail(f"--{error}" if is_option else error)

    def show(run: DurableRun, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
        _show(run, plan, datasets, attributes, as_json)

    run_in_folder("sweep", plan.tasks, out, fresh, as_json, show)


def _axes(assignments: Sequence[str]) -> dict[str, Axis]:
    axes: dict[str, Axis] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise GridError(f"--set {assignment}: expected NAME=VALUES, such as learning_rate=log:1e-4:1e-1:13")
        if name in axes:
            raise GridError(f"--set {name} is given twice; put its values into one list")
        axes[name] = parse(name, text)
    return axes


def _show(
    run: DurableRun, plan: SweepPlan, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], as_json: bool
) -> None:
    rankings = {name: points.ranking(dataset) for name, dataset in datasets.items()}
    content = points.document(rankings, datasets, export.fixed(attributes))
    points.write(run.out, rankings, content)
    if as_json:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))
        return
    console = output()
    for name, found in rankings.items():
        _print(console, datasets[name], found)
    console.print(f"{plan.runs} runs. Written:")
    for file in (RESULTS, *POINTS):
        console.print(f"  {run.out / file}")


def _print(console: Console, dataset: xr.Dataset, found: Sequence[Point]) -> None:
    attributes = dataset.attrs
    console.print(Text.assemble((attributes["problem"], "bold"), "  ", attributes["summary"]))
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("optimizer", no_wrap=True)
    for title in (*found[0].hyperparameters, attributes["score_label"], "diverged"):
        table.add_column(title, justify="right", no_wrap=True)
    for point in found[:SHOWN]:
        at = [f"{value:.4g}" for value in point.hyperparameters.values()]
        table.add_row(
            str(point.rank), point.optimizer, *at, _score(point, attributes), f"{point.diverged}/{point.runs}"
        )
    console.print(table)
    reporting = int(np.isin(dataset.role.values, ("report", "both")).sum())
    over = f"{reporting} seed{'s' * (reporting > 1)}"
    order = "" if dataset.sizes["seed"] == 1 else f"; in the order of the {dataset.sizes['seed'] - reporting} others"
    shown = f"The best {SHOWN} of {len(found)} points. " if len(found) > SHOWN else ""
    what = f"{attributes['score_label']} after {dataset.sizes['step']} updates"
    console.print(Text(f"{shown}{what} over {over}{order}.", style="dim"))
    console.print()


def _score(point: Point, attributes: Mapping[str, object]) -> str:
    if math.isnan(point.score):
        return "diverged"
    has_spread = not math.isnan(point.spread)
    if attributes["logarithmic"]:
        return f"{point.score:.1e}" + (f" ×÷ {10**point.spread:.3g}" if has_spread else "")  # noqa: RUF001
    return f"{100 * point.score:.1f}" + (f" ± {100 * point.spread:.1f}" if has_spread else "") + " %"
