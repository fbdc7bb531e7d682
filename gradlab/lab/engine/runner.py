"""Tasks: one optimizer's runs on one problem after the other, compiled ahead, run, and kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from ..inputs.user_errors import UserCodeError
from ..storage.checkpoints import CheckpointStore, DamagedPartError, Part
from .compiler import Compiler
from .distributed import Processes
from .executor import Executor, Parts
from .program import Program
from .task import Task, TaskResult, Watcher
from .thread_settings import require_compilation
from .training_loop import Draws, assemble_curves

AHEAD = 2  # tasks that are compiled while one runs


def run_tasks(
    tasks: Sequence[Task],
    store: CheckpointStore | None = None,
    watcher: Watcher | None = None,
    processes: Processes | None = None,
    compiler: Compiler | None = None,
) -> Generator[TaskResult, None, None]:
    """Run the tasks, and yield each task as it ends.

    While a task runs, the next ones are compiled on other threads. Chunks that a store holds are taken from it, and new
    ones are added as they end: stopping at any moment loses only what is in flight. With several processes, each must
    call this with the same tasks; only the first has a store, and all get the same tasks. Another `compiler` than one
    of its own is not closed.

    A task that cannot be finished, because its optimizer or its problem fails, is told to the watcher, and gives no
    task; the chunks of it that were done stay in the store. Raises ValueError under `jax.disable_jit`.
    """
    require_compilation()
    watcher, processes = watcher or Watcher(), processes or Processes()
    with nullcontext(compiler) if compiler else Compiler() as ahead:

        def prepare(index: int, task: Task) -> _Prepared:
            try:
                kept = _kept(index, task, store, processes, watcher)
                is_complete = all(len(parts) == task.partition.chunks for parts in kept)
                return _Prepared(kept, None if is_complete else ahead.prepare(task))
            except UserCodeError as error:
                return _Prepared([], None, error)

        coming: deque[_Prepared] = deque()
        for index, task in enumerate(tasks):
            watcher.starts(task)
            while len(coming) <= AHEAD and index + len(coming) < len(tasks):
                coming.append(prepare(index + len(coming), tasks[index + len(coming)]))
            try:
                prepared = coming.popleft()
                made = processes.together(prepared.made)
                if made is None:
                    watcher.advances(task.runs)
                    parts = prepared.kept
                else:
                    parts = Executor(index, task, *made, store, watcher, processes).finish(prepared.kept)
            except UserCodeError as error:
                watcher.fails(task, error)
            else:
                yield _task_result(task, parts)


class _Prepared(NamedTuple):
    """A task to come: what is done of it already, and, where that is not all, what it needs to go on."""

    kept: Parts
    needed: tuple[Future[Program], Future[Draws]] | None
    failure: UserCodeError | None = None

    def made(self) -> tuple[Program, Draws] | None:
        """What it needs, once it is there. Raises UserCodeError if that cannot be made."""
        if self.failure is not None:
            raise self.failure
        return None if self.needed is None else (self.needed[0].result(), self.needed[1].result())


def _kept(index: int, task: Task, store: CheckpointStore | None, processes: Processes, watcher: Watcher) -> Parts:
    """The chunks of each block that are done already."""
    blocks = len(task.partition.blocks())
    if processes.is_first:
        parts = [_sound(store, index, block, task, watcher) for block in range(blocks)] if store else [[]] * blocks
    else:
        parts = []
    return processes.from_first(parts)


def _sound(store: CheckpointStore, index: int, block: int, task: Task, watcher: Watcher) -> list[Part]:
    try:
        return store.parts(index, block, task.partition.chunks)
    except DamagedPartError as error:
        watcher.warns(f"{error}; the block is computed anew")
        store.discard(index, block)
        return []


def _task_result(task: Task, parts: Parts) -> TaskResult:
    """Put the blocks and chunks of a task together."""
    joined = [
        {name: np.concatenate([part.arrays[name] for part in block], axis=2) for name in block[0].arrays}
        for block in parts
    ]
    whole = {}
    for name, array in joined[0].items():
        whole[name] = np.empty((task.count, len(task.seeds), *array.shape[2:]), array.dtype)
        for block, arrays in zip(task.partition.blocks(), joined):
            whole[name][np.ix_(block.points, block.seeds)] = arrays[name]
    metrics = {name.removeprefix("metric "): array for name, array in whole.items() if name.startswith("metric ")}
    return TaskResult(
        task,
        assemble_curves(whole["loss"], metrics, whole.get("path")),
        compile_seconds=sum(part.compile_seconds for block in parts for part in block),
        run_seconds=sum(part.seconds for block in parts for part in block),
    )
