"""The runner: it runs tasks one after the other, and compiles the next ones meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from .._inputs.user_errors import UserCodeError
from .._profile import measure
from .._storage.checkpoints import CheckpointStore, ChunkResult, DamagedCheckpointError
from .block_executor import ChunkResults, Executor
from .compiler import Compiler
from .distributed import Processes
from .program import Program
from .task import Task, TaskResult, Watcher
from .thread_context import require_compilation
from .training_loop import Draws, assemble_curves

T = TypeVar("T")

TASKS_AHEAD = 2  # that are compiled while one runs


class Helpers(Protocol):
    """Other processes of this machine, which compute blocks of tasks and put them into the store."""

    def begin(self, store: CheckpointStore, blocks: Sequence[int]) -> None:
        """Begin with tasks of so many blocks."""
        ...

    def wait(self, task: int, watcher: Watcher) -> float:
        """Wait until nobody computes a block of a task, or will. Return how many runs the watcher was told of."""
        ...

    def call(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Call a function of a module in one of the processes, once they have no more blocks to compute."""
        ...


def run_tasks(
    tasks: Sequence[Task],
    store: CheckpointStore | None = None,
    watcher: Watcher | None = None,
    processes: Processes | None = None,
    compiler: Compiler | None = None,
    helpers: Helpers | None = None,
) -> Generator[TaskResult, None, None]:
    """Run tasks in order, and yield the result of each one when it ends.

    The next tasks are compiled on other threads while a task runs. Chunks that `store` holds are read and not computed
    again, and new ones are added as they end, so that stopping at any moment loses only the chunks that are running.
    Every process must call this with the same tasks, but only the first one has a store; all get the same results. A
    `compiler` that is passed is not closed. `helpers` compute first, if there is a store, and what they leave is
    computed here.

    If the optimizer or the problem of a task fails, the watcher is told, and the task has no result. Its finished
    chunks remain in the store. Raises ValueError under `jax.disable_jit`.
    """
    require_compilation()
    watcher, processes = watcher or Watcher(), processes or Processes()
    with nullcontext(compiler) if compiler else Compiler() as used_compiler:

        def prepare(index: int, task: Task) -> _PreparedTask:
            try:
                stored_results = _read_stored_results(index, task, store, processes, watcher)
                is_complete = all(len(block) == task.partition.chunks for block in stored_results)
                return _PreparedTask(stored_results, None if is_complete else used_compiler.prepare(task))
            except UserCodeError as error:
                return _PreparedTask([], None, error)

        helpers = helpers if store and tasks else None
        if helpers and store:
            helpers.begin(store, [len(task.partition.blocks()) for task in tasks])
        ahead = 0 if helpers else TASKS_AHEAD
        queue: deque[_PreparedTask] = deque()
        for index, task in enumerate(tasks):
            watcher.on_start(task)
            told = 0.0
            if helpers:
                with measure("wait for runs"):
                    told = helpers.wait(index, watcher)
            while len(queue) <= ahead and index + len(queue) < len(tasks):
                queue.append(prepare(index + len(queue), tasks[index + len(queue)]))
            try:
                current = queue.popleft()
                with measure("wait for programs"):
                    preparation = processes.call(current.wait)
                if preparation is None:
                    watcher.on_progress(task.run_count - told)
                    results = current.stored_results
                else:
                    executor = Executor(index, task, *preparation, store, watcher, processes)
                    results = executor.finish(current.stored_results)
            except UserCodeError as error:
                watcher.on_failure(task, error)
            else:
                with measure("results", task.label):
                    result = _assemble_result(task, results)
                yield result


class _PreparedTask(NamedTuple):
    """A task that is to run next."""

    stored_results: ChunkResults
    compilation: tuple[Future[Program], Future[Draws]] | None  # None if all results are stored
    failure: UserCodeError | None = None

    def wait(self) -> tuple[Program, Draws] | None:
        """Return the program and the draws once they are there. Raises UserCodeError if user code failed."""
        if self.failure is not None:
            raise self.failure
        return None if self.compilation is None else (self.compilation[0].result(), self.compilation[1].result())


def _read_stored_results(
    index: int, task: Task, store: CheckpointStore | None, processes: Processes, watcher: Watcher
) -> ChunkResults:
    """Return the results of chunks in the store of the first process, block by block."""
    blocks = range(len(task.partition.blocks()))
    results: ChunkResults = []
    if processes.is_first:
        results = [_read_block(store, index, block, task, watcher) if store else [] for block in blocks]
    return processes.broadcast(results)


def _read_block(store: CheckpointStore, index: int, block: int, task: Task, watcher: Watcher) -> list[ChunkResult]:
    """Return the stored results of a block. If one is damaged, warn, and discard the block."""
    try:
        return store.read_results(index, block, task.partition.chunks)
    except DamagedCheckpointError as error:
        watcher.on_warning(f"{error}; the block is computed anew")
        store.discard_block(index, block)
        return []


def _assemble_result(task: Task, results: ChunkResults) -> TaskResult:
    """Concatenate the chunks of each block, and put the blocks in their places."""
    blocks = [
        {name: np.concatenate([chunk.arrays[name] for chunk in chunks], axis=2) for name in chunks[0].arrays}
        for chunks in results
    ]
    arrays = {}
    for name, array in blocks[0].items():
        arrays[name] = np.empty((task.point_count, len(task.seeds), *array.shape[2:]), array.dtype)
        for block, block_arrays in zip(task.partition.blocks(), blocks):
            arrays[name][np.ix_(block.points, block.seeds)] = block_arrays[name]
    metrics = {name.removeprefix("metric "): array for name, array in arrays.items() if name.startswith("metric ")}
    return TaskResult(
        task,
        assemble_curves(arrays["loss"], metrics, arrays.get("path")),
        compile_seconds=sum(chunk.compile_seconds for chunks in results for chunk in chunks),
        run_seconds=sum(chunk.seconds for chunks in results for chunk in chunks),
    )
