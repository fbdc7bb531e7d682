"""The interface of every study: problems, a plan, and the computation of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

import xarray as xr

from .._engine.distributed import Processes
from .._engine.pruning.pruned_runner import run_pruned_tasks
from .._engine.task import FailureCollector, TaskResult, Watcher
from .._engine.task_runner import Helpers, run_tasks
from .._profile import measure
from .._results.assembly import assemble_dataset
from .._results.known_tasks import leave_out_known, read_heads
from .._results.plan import make_plan
from .._storage.checkpoints import CheckpointStore, compute_digest, prefer_stored_plan
from ..problems.base import Problem
from .pruning.prune_argument import require_one_process

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

    @property
    def seeds(self) -> Any:
        """The seeds of each configuration: a tuple."""
        ...

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready."""
        ...

    def compute(
        self,
        folder: Path | None,
        watcher: Watcher,
        processes: Processes,
        failed: Failed,
        helpers: Helpers | None = None,
    ) -> dict[str, xr.Dataset]:
        """Compute the Dataset of each problem. Checkpoints are read from the folder and written there, if there is one.

        Optimizers that cannot be run are left out and added to `failed`. `helpers` compute, if there are any.
        """
        ...


class TaskStudy:
    """The base class of a study whose tasks are known from the start. A subclass has `kind` and `tasks`."""

    kind: ClassVar[str]
    tasks: Any  # a sequence of tasks, made once: they remember their partitions and compositions

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready."""
        return make_plan(self.kind, self.tasks)

    def compute(
        self,
        folder: Path | None,
        watcher: Watcher,
        processes: Processes,
        failed: Failed,
        helpers: Helpers | None = None,
    ) -> dict[str, xr.Dataset]:
        """Compute the Dataset of each problem; see `Study`."""
        if any(task.pruning for task in self.tasks):
            return self._compute_pruned(folder, watcher, processes, failed, helpers)
        plan = prefer_stored_plan(folder, self.plan()) if folder else {}
        heads = read_heads(folder, plan, watcher, processes)
        tasks, known = leave_out_known(self.tasks, heads, compute_digest(plan))
        store = CheckpointStore(folder, plan, known=known) if folder else None
        results = run_tasks(tasks, store, FailureCollector(watcher, failed), processes, helpers=helpers)
        return self._assemble(results, store.folder if store else None)

    def _compute_pruned(
        self, folder: Path | None, watcher: Watcher, processes: Processes, failed: Failed, helpers: Helpers | None
    ) -> dict[str, xr.Dataset]:
        """Compute the Datasets of tasks whose points stop early.

        Those that go on take their states from checkpoints, so a study without a folder has a temporary one.
        """
        require_one_process(processes)
        with nullcontext(folder) if folder else TemporaryDirectory() as place:
            store = CheckpointStore(Path(place), prefer_stored_plan(Path(place), self.plan()))
            results = run_pruned_tasks(self.tasks, store, FailureCollector(watcher, failed), helpers=helpers)
            return self._assemble(results, store.folder if folder else None)

    def _assemble(self, task_results: Iterable[TaskResult], where: Path | None) -> dict[str, xr.Dataset]:
        """Return the Dataset of each problem. Arrays that are too large for memory lie in files in a folder."""
        results: dict[str, list[TaskResult]] = {}
        for result in task_results:
            results.setdefault(result.task.problem.name, []).append(result)
        with measure("results"):
            joined = {name: self.join(found, where) for name, found in results.items()}
            return {name: assemble_dataset(found, where) for name, found in joined.items() if found}

    def join(self, results: Sequence[TaskResult], folder: Path | None) -> list[TaskResult]:
        """Return one result for each optimizer, given those of all tasks on one problem."""
        return list(results)
