"""The option `--workers` of race and sweep: the processes that compute on a CPU."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from . import options

if TYPE_CHECKING:
    from ..lab._engine.task import Task
    from ..lab._workers.crew import Crew

Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The number of processes that compute on a CPU, under Linux; 1: the command itself computes, in threads. "
        "The results are the same. Default: one for each core, at most 8.",
    ),
]


@contextlib.contextmanager
def hire(
    make_tasks: Callable[[], Sequence[Task]], wanted: int | None, out: Path, fresh: bool, is_shared: bool
) -> Iterator[Crew | None]:
    """Yield workers for the tasks of a study, which end with the context, or None where the command computes by itself.

    It does if JAX has other devices than a single CPU, if the study `is_shared` with processes on other machines, and
    if the folder seems to have all results.
    """
    from ..lab._results.study_folder import RESULTS
    from ..lab._workers.crew import Crew, count_workers

    count = count_workers() if wanted is None else min(wanted, count_workers())
    if count < 2 or is_shared or (not fresh and (out / RESULTS).exists()):
        yield None
        return
    options.prepare_jax()
    with Crew(make_tasks, count) as crew:
        yield crew
