"""The interface of every study: problems, a plan, and the computation of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import xarray as xr

from .._engine.distributed import Processes
from .._engine.task import FailureCollector, Task, TaskResult, Watcher
from .._engine.task_runner import run_tasks
from .._results.assembly import assemble_dataset
from .._storage.checkpoints import CheckpointStore, prefer_stored_plan
from ..problems.base import Problem

Failed = dict[str, dict[str, str]]  # problem -> optimizer -> why it failed


class Study(Protocol):
    """A race, a sweep or a search as a value: everything that is to be run, checked but not begun."""

    kind: ClassVar[str]  # "race", "sweep" or "search"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems, each under a name of its own."""
        ...

    @property
    def runs(self) -> int:
        """The number of training runs."""
        ...

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready."""
        ...

    def compute(
        self, folder: Path | None, watcher: Watcher, processes: Processes, failed: Failed
    ) -> dict[str, xr.Dataset]:
        """Compute the Dataset of each problem. Checkpoints are read from the folder and written there, if there is one.

        Optimizers that cannot be run are left out and added to `failed`.
        """
        ...


def compute_tasks(
    tasks: Sequence[Task],
    plan: Mapping[str, Any],
    folder: Path | None,
    watcher: Watcher,
    processes: Processes,
    failed: Failed,
) -> dict[str, xr.Dataset]:
    """Run tasks that are known from the start, and put their results together by problem; see `Study.compute`."""
    store = CheckpointStore(folder, prefer_stored_plan(folder, plan)) if folder else None
    results: dict[str, list[TaskResult]] = {}
    for result in run_tasks(tasks, store, FailureCollector(watcher, failed), processes):
        results.setdefault(result.task.problem.name, []).append(result)
    return {name: assemble_dataset(of_problem) for name, of_problem in results.items()}
