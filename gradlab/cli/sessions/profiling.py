"""The option `--profile` of race, sweep and search: where the time of the command went, as a table and as a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from rich.console import Console

Profiling: TypeAlias = Annotated[
    bool,
    typer.Option("--profile", help="Measure where the time goes. Print it at the end, and write it to profile.json."),
]

# What the parts are. Parts of different threads and processes overlap, so their seconds add up to more than the whole.
PARTS = {
    "import": "Python, JAX and the other packages",
    "check": "the optimizers at their hyperparameters",
    "plan": "blocks, chunks, source files and versions",
    "draw": "initial parameters and batches",
    "trace": "JAX makes the programs",
    "compile": "XLA compiles them, or takes them from its cache",
    "run": "the training runs",
    "results": "checkpoints, arrays and results.nc",
    "tables": "scores, ranks and intervals",
    "figures": "pictures",
    "report": "the HTML page",
    "print": "what is printed",
    "wait for programs": "nothing can run yet",
    "wait for runs": "this thread waits while others work",
}


@contextlib.contextmanager
def profiling(wanted: bool, out: Path) -> Iterator[None]:
    """Record a profile of what is done inside, if it is wanted; print it at the end, and write it into the folder."""
    if not wanted:
        yield
        return
    from ...lab._profile import Profile, record, write_profile

    profile = Profile()
    profile.add_import()
    try:
        with record(profile):
            yield
    finally:
        from ..terminal.printing import SafeConsole

        document = profile.document()
        print_profile(SafeConsole(stderr=True, markup=False, highlight=False), document)
        if out.is_dir():
            with contextlib.suppress(OSError):  # the command has said what is wrong with the folder
                write_profile(out, document)


def print_profile(console: Console, document: Mapping[str, Any]) -> None:
    """Print the parts of a profile in the order of `PARTS`, and the whole."""
    from ..terminal.tables import print_columns

    parts = document["parts"]
    names = sorted(parts, key=[*PARTS, *parts].index)
    # XLA computes in threads that belong to no part, unless a process does one thing at a time.
    rest = document["processor_seconds"] - sum(parts[name]["processor_seconds"] for name in names)
    columns = {
        "part": [*names, "XLA's threads, and the rest", "whole command"],
        "seconds": [*(f"{parts[name]['seconds']:.2f}" for name in names), "", f"{document['seconds']:.2f}"],
        "processor s": [
            *(f"{parts[name]['processor_seconds']:.2f}" for name in names),
            f"{max(rest, 0.0):.2f}", f"{document['processor_seconds']:.2f}",
        ],
        "spans": [*(f"{parts[name]['count']:,}" for name in names), "", ""],
        "what": [*(PARTS.get(name, "") for name in names), "", ""],
    }  # fmt: skip
    print_columns(console, columns, least=("what", "spans"))
