"""The command `gradlab bench`, which measures training steps side by side with other libraries.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from .arguments import options
from .terminal import completion
from .terminal.printing import fail, make_console, print_json, say
from .terminal.shown_progress import ShownProgress

if TYPE_CHECKING:
    from ..bench.plan import Plan
    from ..bench.torch_process import TorchProcess

DEFAULT_SIZE, DEFAULT_LEAVES = "2^22", "1"
RACE = "race"
_PICTURES = (".png", ".svg", ".pdf")


def bench(
    optimizers: Annotated[
        list[str] | None,
        typer.Argument(
            help="Optimizers that optax or PyTorch have too, or all, or race for the grid of the race beside a loop "
            "over optax steps. Default: ten usual ones.",
            autocompletion=completion.complete_counterparts,
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help=f"Parameters in all, or a list: 2^10,2^20,1000000. Default: {DEFAULT_SIZE}.")
    ] = None,
    leaves: Annotated[
        str | None,
        typer.Option(help=f"Equal leaves that they are divided into, or a list: 1,64. Default: {DEFAULT_LEAVES}."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="optax, torch, both with a comma, or none. Default: optax, and torch if it is installed."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="How long each contestant makes steps, in each row of the table.")
    ] = 0.25,
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="With race: a problem. Repeat it for more. Default: digits and ravine.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    rates: Annotated[int | None, typer.Option(min=1, help="With race: learning rates. Default: 13.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="With race: seeds. Default: 10.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="With race: updates in a run. Default: what the problem proposes.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write all figures to this file as JSON; - prints them and nothing else."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the time of a step against the size into this file (.png, .svg or .pdf).")
    ] = None,
    cpu_fusion: options.CpuFusion = False,
) -> None:
    """Measure training steps beside optax and PyTorch: their time and its limit, programs, calls and memory.

    What has been measured is in the JSON file at any time, so it is there after Ctrl-C.
    """
    names = optimizers or []
    step_options = {"--size": size, "--leaves": leaves, "--against": against, "--plot": plot}
    race_options = {"--problem": problem, "--rates": rates, "--seeds": seeds, "--steps": steps}
    is_race = names[:1] == [RACE]
    for option, value in (step_options if is_race else race_options).items():
        if value is not None:
            fail(f"{option} {'does not go with' if is_race else 'goes with'} gradlab bench {RACE}")
    _require_files(json_file, plot)
    options.use_cpu_fusion(cpu_fusion)
    if is_race:
        from .bench_race import bench_race

        bench_race(names[1:], problem, rates or 13, seeds or 10, steps, json_file)
        return
    _bench_steps(names, size or DEFAULT_SIZE, leaves or DEFAULT_LEAVES, against, seconds, json_file, plot)


def _bench_steps(
    names: list[str],
    size: str,
    leaves: str,
    against: str | None,
    seconds: float,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Measure all rows, print them, and write the files."""
    from ..bench.plan import make_plan, parse_counts, parse_libraries
    from ..bench.torch_process import TorchError, TorchProcess

    with options.refusing(()):
        libraries = parse_libraries("optax,torch" if against is None else against)
        plan = make_plan(names, parse_counts(size, "--size"), parse_counts(leaves, "--leaves"), libraries, seconds)
    torch: TorchProcess | None = None
    try:
        torch = TorchProcess() if "torch" in libraries else None
    except TorchError as error:
        if against is not None:
            fail(f"{error}; or pass --against optax", 1)
        say(f"left out: {error}")
    if plan.left_out:
        say(f"{' and '.join(plan.left_out)} take long at such a size, and are left out; name them to measure them")
    with torch or nullcontext():
        _measure(plan, torch, json_file, plot)


def _measure(plan: Plan, torch: TorchProcess | None, json_file: Path | None, plot: Path | None) -> None:
    from ..bench.document import begin_document
    from ..bench.run import measure_plan
    from ..bench.torch_process import TorchError
    from .bench_tables import print_bench

    document = begin_document(shlex.join(["gradlab", *sys.argv[1:]]), "steps", None if torch is None else torch.version)
    document["rows"], document["calls"], document["bandwidths"] = [], {}, {}
    stopped: BaseException | None = None
    try:
        with show_progress(len(plan.rows)) as progress:
            for label in measure_plan(plan, torch, document):
                progress.update(progress.task_ids[0], description=label, completed=len(document["rows"]))
                save(document, json_file)
    except (KeyboardInterrupt, TorchError) as error:
        stopped = error
    document["complete"] = stopped is None
    save(document, json_file)
    if json_file == Path("-"):
        from ..bench.document import format_document

        print_json(format_document(document))
    elif document["rows"]:
        print_bench(make_console(), document)
    if plot is not None and document["rows"]:
        from ..bench.step_figure import draw_steps

        draw_steps(document, plot)
    if json_file != Path("-"):
        print_written(path for path in (json_file, plot) if path is not None and document["rows"])
    if stopped is not None:
        reason = str(stopped) if isinstance(stopped, TorchError) else "stopped"
        kept = f", and are in {json_file}" if is_file(json_file) else ""
        code = 1 if isinstance(stopped, TorchError) else getattr(stopped, "code", 130)
        fail(f"{reason}; {len(document['rows'])} of {len(plan.rows)} rows were measured{kept}", code)


@contextmanager
def show_progress(total: int) -> Iterator[ShownProgress]:
    """Show on standard error what is measured, how much is done, and the time so far."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with ShownProgress("bench", *columns) as progress:
        progress.add_task("starting", total=total, unit="rows")
        yield progress


def save(document: dict[str, Any], path: Path | None) -> None:
    """Write a document, if there is a file to write; end the command if it cannot be written."""
    from ..bench.document import write_document

    if path is not None and is_file(path):
        try:
            write_document(path, document)
        except OSError as error:
            fail(f"cannot write to {path} ({error})", 1)


def is_file(path: Path | None) -> bool:
    """Tell whether `--json` names a file, and not standard output."""
    return path is not None and path != Path("-")


def print_written(paths: Iterator[Path]) -> None:
    """Print the files that were written."""
    console = make_console()
    for path in paths:
        console.print(f"Written: {path}", soft_wrap=True)


def _require_files(json_file: Path | None, plot: Path | None) -> None:
    """End the command before it measures anything, if its files could not be written."""
    if plot is not None and plot.suffix not in _PICTURES:
        fail(f"--plot must end in {', '.join(_PICTURES[:-1])} or {_PICTURES[-1]}, got {plot}")
    for option, path in (("--json", json_file), ("--plot", plot)):
        if path is None or path == Path("-"):
            continue
        if path.is_dir():
            fail(f"{option} must be a file, but {path} is a folder")
        if not path.parent.is_dir():
            fail(f"{option} {path}: there is no folder {path.parent}; make it first")
