"""The runner: it runs tasks one after the other, and compiles the next ones meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import numpy as np

from .._inputs.user_errors import UserCodeError
from .._profile import measure
from .._storage.checkpoints import CheckpointStore, ChunkResult, DamagedCheckpointError
from .._storage.mapped_arrays import allocate, release
from .block_executor import Executor, count_fitting
from .compiler import Compiler
from .distributed import Processes
from .program import Program
from .task import ForwardingWatcher, Task, TaskResult, Watcher
from .thread_context import require_compilation
from .training_loop import Curves, Draws, curves_of_arrays, join_chunks

T = TypeVar("T")

TASKS_AHEAD = 2  # that are compiled while one runs
SECONDS = 0.5  # between two looks at what other processes have stored
BLOCKS_AT_A_TIME = 64  # that are read from the store, and sent to other processes


class Helpers(Protocol):
    """Other processes, which compute blocks of tasks, so that they come into the store."""

    def begin(self, store: CheckpointStore, tasks: Sequence[Task], at_a_time: int) -> None:
        """Begin with the blocks of tasks. The memory of this machine has room for so many of them at a time."""
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
                collector = CurveCollector(task, store.folder if store else None)
                _add_known_runs(index, collector, store, processes, watcher)
                unfinished = _collect_stored_results(index, collector, store, processes, watcher)
                return _PreparedTask(collector, unfinished, used_compiler.prepare(task) if unfinished else None)
            except UserCodeError as error:
                return _PreparedTask(CurveCollector(task), {}, None, error)

        helpers = helpers if store and tasks else None
        if helpers and store:
            helpers.begin(store, tasks, count_fitting(max(map(count_bytes, tasks))))
        follower = ChunkFollower(tasks, store, watcher) if store and watcher.wants_chunks else watcher
        ahead = 0 if helpers else TASKS_AHEAD
        queue: deque[_PreparedTask] = deque()
        for index, task in enumerate(tasks):
            watcher.on_start(task)
            told = 0.0
            if helpers:
                with measure("wait for runs"):
                    told = helpers.wait(index, follower)
            while len(queue) <= ahead and index + len(queue) < len(tasks):
                queue.append(prepare(index + len(queue), tasks[index + len(queue)]))
            try:
                current = queue.popleft()
                with measure("wait for programs"):
                    preparation = processes.call(current.wait)
                blocks, new = task.partition.block_count, task.partition.run_count
                unfinished = new * len(current.unfinished) / blocks if blocks else 0
                watcher.on_progress(task.run_count - unfinished - told)
                if preparation is not None:
                    executor = Executor(index, task, *preparation, store, watcher, processes)
                    executor.finish(current.unfinished, current.collector.add)
            except UserCodeError as error:
                watcher.on_failure(task, error)
            else:
                yield current.collector.result()


def count_bytes(task: Task) -> int:
    """Return the memory of a block of a task: none if its optimizer cannot be made, which is reported when it runs."""
    try:
        return task.partition.block_bytes
    except UserCodeError:
        return 0


class ChunkFollower(ForwardingWatcher):
    """Passes progress on to a watcher, and tells it of chunks that have come into the store since it last looked.

    The watcher is told of all chunks again once the task is collected, so what is missed here is not lost.
    """

    def __init__(self, tasks: Sequence[Task], store: CheckpointStore, watcher: Watcher):
        super().__init__(watcher)
        self.tasks, self.store = tasks, store
        self._next_look = 0.0
        self._told: set[tuple[int, int, int]] = set()

    def on_progress(self, runs: float) -> None:
        self.watcher.on_progress(runs)
        if time.monotonic() < self._next_look:
            return
        for index, block, chunk in self.store.list_results():
            if (index, block, chunk) not in self._told and index < len(self.tasks):
                try:
                    result = self.store.read_result(index, block, chunk)
                except (DamagedCheckpointError, OSError):
                    continue
                self._told.add((index, block, chunk))
                self.watcher.on_chunk(self.tasks[index], block, chunk, result.arrays)
        self._next_look = time.monotonic() + SECONDS


class CurveCollector:
    """The curves of a task, block by block. No chunk is kept, so that what a task holds are its curves.

    With a `folder`, curves that are too large for memory lie in files there.
    """

    def __init__(self, task: Task, folder: Path | None = None):
        self.task, self.folder = task, folder
        self.compile_seconds = self.run_seconds = 0.0
        self._curves: Curves | None = None

    def add(self, block: int, chunks: Sequence[ChunkResult]) -> None:
        """Add a block, given the results of all its chunks."""
        self._put(
            self.task.partition.block(block),
            join_chunks([chunk.arrays for chunk in chunks], self.task.steps, self.task.curve_points),
        )
        self.compile_seconds += sum(chunk.compile_seconds for chunk in chunks)
        self.run_seconds += sum(chunk.seconds for chunk in chunks)

    def add_known(self, points: np.ndarray, seeds: np.ndarray, arrays: Mapping[str, np.ndarray], *times: float) -> None:
        """Add runs that were known before, at these places of points and seeds, given their curves and seconds."""
        self._put((points, seeds), curves_of_arrays(arrays))
        self.run_seconds += times[0]
        self.compile_seconds += times[1]

    def _put(self, place: tuple[np.ndarray, np.ndarray], curves: Curves) -> None:
        if self._curves is None:
            self._curves = jax.tree.map(self._allocate, curves)
        jax.tree.map(lambda whole, part: _put(whole, np.ix_(*place), part), self._curves, curves)

    def result(self) -> TaskResult:
        """Return the result of the task, once all blocks are there."""
        assert self._curves is not None
        return TaskResult(self.task, self._curves, self.compile_seconds, self.run_seconds)

    def _allocate(self, block: np.ndarray) -> np.ndarray:
        return allocate((self.task.point_count, len(self.task.seeds), *block.shape[2:]), block.dtype, self.folder)


def _put(whole: np.ndarray, place: Any, part: np.ndarray) -> None:
    whole[place] = part
    release(whole)


class _PreparedTask(NamedTuple):
    """A task that is to run next."""

    collector: CurveCollector  # which has the blocks that are finished
    unfinished: dict[int, list[ChunkResult]]  # block -> those of its chunks that are stored
    compilation: tuple[Future[Program], Future[Draws]] | None  # None if all results are stored
    failure: UserCodeError | None = None

    def wait(self) -> tuple[Program, Draws] | None:
        """Return the program and the draws once they are there. Raises UserCodeError if user code failed."""
        if self.failure is not None:
            raise self.failure
        return None if self.compilation is None else (self.compilation[0].result(), self.compilation[1].result())


def _add_known_runs(
    index: int, collector: CurveCollector, store: CheckpointStore | None, processes: Processes, watcher: Watcher
) -> None:
    """Add the runs of a task that the folder of the first process knew before the study began."""
    parts = processes.broadcast(store.known[index].parts if store and store.known else ())
    for part in parts:
        with measure("results", collector.task.label):
            arrays, *times = processes.broadcast(part.read() if store else ({}, 0.0, 0.0))
            collector.add_known(part.points, part.seeds, arrays, *times)
        watcher.on_known(collector.task, part.points, part.seeds, arrays)


def _collect_stored_results(
    index: int, collector: CurveCollector, store: CheckpointStore | None, processes: Processes, watcher: Watcher
) -> dict[int, list[ChunkResult]]:
    """Add the blocks that are finished in the store of the first process; return the others, as far as they are."""
    partition = collector.task.partition
    unfinished: dict[int, list[ChunkResult]] = {}
    if not processes.broadcast(store is not None):
        return {block: [] for block in range(partition.block_count)}
    for first in range(0, partition.block_count, BLOCKS_AT_A_TIME):
        some = range(first, min(first + BLOCKS_AT_A_TIME, partition.block_count))
        found = [_read_block(store, index, block, collector.task, watcher) for block in some] if store else []
        for block, chunks in zip(some, processes.broadcast(found)):
            for number, chunk in enumerate(chunks):
                watcher.on_chunk(collector.task, block, number, chunk.arrays)
            if len(chunks) == partition.chunks:
                with measure("results", collector.task.label):
                    collector.add(block, chunks)
            else:
                unfinished[block] = chunks
    return unfinished


def _read_block(store: CheckpointStore, index: int, block: int, task: Task, watcher: Watcher) -> list[ChunkResult]:
    """Return the stored results of a block. If one is damaged, warn, and discard the block."""
    try:
        return store.read_results(index, block, task.partition.chunks)
    except DamagedCheckpointError as error:
        watcher.on_warning(f"{error}; the block is computed anew")
        store.discard_block(index, block)
        return []
