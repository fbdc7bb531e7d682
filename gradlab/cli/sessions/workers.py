"""The options `--workers` and `--on`: the processes that compute, on a CPU of this machine or on a cluster."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ..arguments import options
from ..terminal.printing import fail

if TYPE_CHECKING:
    from ...lab._cluster.cluster_crew import ClusterCrew
    from ...lab._engine.task import Task
    from ...lab._engine.task_runner import Helpers

Workers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The number of processes that compute on a CPU, under Linux; 1: the command itself computes, in threads. "
        "The results are the same. Default: one for each core, at most 8.",
    ),
]

On: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Let the workers of a Dask cluster compute: dask://HOST:PORT, dask+tls://HOST:PORT, or dask:FILE with the "
        "scheduler's file. The results are the same.",
    ),
]


@contextlib.contextmanager
def hire(
    make_tasks: Callable[[], Sequence[Task]],
    wanted: int | None,
    out: Path,
    fresh: bool,
    is_shared: bool,
    on: str | None = None,
) -> Iterator[Helpers | None]:
    """Yield workers for the tasks of a study, which end with the context, or None where the command computes by itself.

    It does if JAX has other devices than a single CPU, if the study `is_shared` with processes on other machines, and
    if the folder seems to have all results: those that this command wrote. The workers are those of the cluster `on`
    an address, if there is one.
    """
    if on is not None:
        if wanted is not None:
            fail("--workers and --on exclude each other; on a cluster, dask worker says how many blocks it computes")
        with hire_cluster(on, is_shared) as workers:
            yield workers
        return
    from ...lab._workers.crew import Crew, count_workers

    count = count_workers() if wanted is None else min(wanted, count_workers())
    if count < 2 or is_shared or (not fresh and _seems_finished(out)):
        yield None
        return
    options.prepare_jax()
    with Crew(make_tasks, count) as crew:
        yield crew


@contextlib.contextmanager
def hire_cluster(on: str, is_shared: bool) -> Iterator[ClusterCrew]:
    """Yield the workers of a cluster; end the command if there is none at this address."""
    from ...lab._cluster.cluster_crew import hire_cluster
    from ...lab._cluster.dask_cluster import ClusterError

    if is_shared:
        fail("--on and --coordinator exclude each other: workers of a cluster compute apart, processes in lockstep")
    with contextlib.ExitStack() as stack:
        try:
            workers = stack.enter_context(hire_cluster(on))
        except ClusterError as error:
            fail(error, 1)
        except ValueError as error:
            fail(f"--{error}")
        yield workers


def _seems_finished(out: Path) -> bool:
    """Say whether a folder has the results of this very command, and not of a study that may grow by it."""
    from ...lab._storage.files import DamagedJSONError, read_json
    from ...lab._storage.ownership import PROVENANCE, RESULTS

    if not (out / RESULTS).exists():
        return False
    try:
        return read_json(out / PROVENANCE).get("command") == shlex.join(["gradlab", *sys.argv[1:]])
    except (OSError, DamagedJSONError):
        return True
