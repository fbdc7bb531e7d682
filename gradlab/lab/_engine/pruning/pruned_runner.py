"""The runner of pruned tasks: it runs them one after the other, and compiles the next ones meanwhile."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import nullcontext

from ..._inputs.user_errors import UserCodeError
from ..._profile import measure
from ..._storage.checkpoints import CheckpointStore
from ..block_executor import count_fitting
from ..compiler import Compiler
from ..task import Task, TaskResult, Watcher
from ..task_runner import TASKS_AHEAD, Helpers, count_bytes
from ..thread_context import require_compilation
from .pruned_task import Preparation, PrunedTask


def run_pruned_tasks(
    tasks: Sequence[Task],
    store: CheckpointStore,
    watcher: Watcher,
    compiler: Compiler | None = None,
    helpers: Helpers | None = None,
    count: int | None = None,
) -> Generator[TaskResult, None, None]:
    """Run tasks that have a pruning in order, and yield the result of each one when it ends.

    Chunks that `store` holds are not computed again, and new ones are added as they end. A helper computes a task as a
    whole, so a single task is left to this process. A `compiler` that is passed is not closed. `count` is the number of
    tasks that the folder of the store has in all, if these are not all of them.

    If the optimizer or the problem of a task fails, the watcher is told, and the task has no result. Raises ValueError
    under `jax.disable_jit`.
    """
    require_compilation()
    helpers = helpers if len(tasks) > 1 else None
    with nullcontext(compiler) if compiler else Compiler() as used:
        if helpers:
            helpers.begin(store, tasks, count_fitting(max(map(count_bytes, tasks))))
        ahead: dict[int, Preparation | None] = {}
        for index, task in enumerate(tasks):
            watcher.on_start(task)
            told = 0.0
            if helpers:
                with measure("wait for runs"):
                    told = helpers.wait(index, watcher)
            else:
                for number in range(index, min(index + TASKS_AHEAD + 1, len(tasks))):
                    if number not in ahead:
                        ahead[number] = _prepare(used, tasks[number], store, number)
            assert task.pruning is not None
            try:
                yield PrunedTask(
                    index, count or len(tasks), task, task.pruning, store, watcher, used, ahead.pop(index, None), told
                ).run()
            except UserCodeError as error:
                watcher.on_failure(task, error)


def _prepare(compiler: Compiler, task: Task, store: CheckpointStore, index: int) -> Preparation | None:
    """Begin to compile a task that has no results yet. What it raises comes again when the task runs."""
    if store.has_task(index):
        return None
    try:
        return compiler.prepare(task)
    except UserCodeError:
        return None
