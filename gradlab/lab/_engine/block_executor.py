"""The executor: it runs all blocks of one task, chunk by chunk, as many at a time as the machine has room for."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import jax
import numpy as np

from .._inputs.user_errors import describe_nonfinite_error
from .._profile import measure
from .._storage.checkpoints import ChunkResult
from .._storage.memory import available_memory
from .distributed import Processes
from .program import Program
from .task import Task, Watcher
from .thread_context import ThreadSettings
from .training_loop import Draws

ChunkResults = Mapping[int, Sequence[ChunkResult]]  # block -> chunks; a block that is not finished has fewer of them


@dataclass
class BlockGroup:
    """Blocks that are computed at the same time, one on each device of all processes, and their progress."""

    blocks: list[int]
    next_chunk: int
    carry: list[Any] | None  # of the last chunk: arrays on (block of this process, ...); None at the start


def count_concurrent_groups(program: Program, processes: Processes) -> int:
    """Return how many groups to run at a time: one for each core, at most eight, where the only device is a CPU.

    A single group does not keep all cores busy. With several devices it is one group, because it uses all of them; with
    several processes too, because all processes must take their groups in the same order. There are no more groups than
    the memory has room for. It is one group, too, where
    matrices are decomposed: XLA does that in threads of its pool, which wait there for other threads of the pool, and
    two groups at a time would wait for each other without end.
    """
    if program.width > 1 or program.platform != "cpu" or processes.count > 1 or program.decomposes:
        return 1
    return min(8, count_cores(), count_fitting(program.partition.block_bytes))


def count_fitting(size: int) -> int:
    """Return how many blocks of so many bytes fit into the memory that a study may need; at least one."""
    return max(1, available_memory() // max(1, size))


def count_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ChunkStore(Protocol):
    """Where an executor puts the chunks that it has computed, and finds the states that blocks continue from."""

    def read_carry(self, task: int, block: int, chunk: int, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> list[Any]:
        """Return the state that a block has after a chunk, as arrays of these shapes and dtypes."""
        ...

    def write(self, task: int, block: int, chunk: int, result: ChunkResult, carry: Sequence[np.ndarray]) -> None:
        """Add a chunk. `carry` is the state that the next chunk continues from; it is empty after the last chunk."""
        ...


class Executor:
    """Runs those chunks of one task that have not been computed yet, by its method `finish`."""

    def __init__(
        self,
        index: int,
        task: Task,
        program: Program,
        draws: Draws,
        store: ChunkStore | None,
        watcher: Watcher,
        processes: Processes,
        start: Callable[[int], list[np.ndarray]] | None = None,
    ):
        self.index, self.task, self.program, self.draws = index, task, program, draws
        self.store, self.watcher, self.processes = store, watcher, processes
        self.start = start  # the carry with which a block begins, where its runs were begun in other blocks
        # The runs that a chunk of a block stands for when progress is reported.
        self.chunk_runs = task.partition.run_count / (task.partition.block_count * task.partition.chunks)
        self.compile_seconds = program.compile_seconds
        self.needs_carries = processes.broadcast(store is not None)

    def finish(self, stored_results: ChunkResults, on_block: Callable[[int, list[ChunkResult]], None]) -> None:
        """Compute some blocks, given those of their chunks that the store has; pass on each one when it is finished.

        Other threads compute chunks. The calling thread stores each one as it ends. The results of a block are not kept
        once they are passed on.
        """
        results = {block: list(chunks) for block, chunks in stored_results.items()}
        counts = {block: len(chunks) for block, chunks in results.items()}
        self.watcher.on_progress(self.chunk_runs * sum(counts.values()))
        for block in [block for block, count in counts.items() if count == self.task.partition.chunks]:
            on_block(block, results.pop(block))
        pending, limit = deque(self._groups(counts)), count_concurrent_groups(self.program, self.processes)
        active: dict[Future[Any], BlockGroup] = {}
        run = ThreadSettings().apply_to(self._run)
        with ThreadPoolExecutor(limit, "group") as threads:
            while pending or active:
                while pending and len(active) < limit:
                    group = pending.popleft()
                    group.carry = self._load_carry(group)
                    active[threads.submit(run, group)] = group
                concurrent = len(active)
                with measure("wait for runs"):
                    done = wait(active, return_when=FIRST_COMPLETED).done
                for future in done:
                    group = active.pop(future)
                    trace, carry, seconds = self.processes.call(future.result)
                    with measure("results", self.task.label):
                        for block, result in self._store(group, trace, carry, seconds / concurrent):
                            results[block].append(result)
                            if len(results[block]) == self.task.partition.chunks:
                                on_block(block, results.pop(block))
                    if group.next_chunk < self.task.partition.chunks:
                        active[threads.submit(run, group)] = group

    def _groups(self, counts: Mapping[int, int]) -> Iterator[BlockGroup]:
        """Yield the blocks that are not finished, in groups that have the same number of finished chunks."""
        width = self.program.width * self.processes.count
        for chunk, blocks in groupby(sorted(counts, key=counts.__getitem__), key=counts.__getitem__):
            unfinished = list(blocks) if chunk < self.task.partition.chunks else []
            for first in range(0, len(unfinished), width):
                yield BlockGroup(unfinished[first : first + width], chunk, None)

    def _run(self, group: BlockGroup) -> tuple[Any, list[Any], float]:
        """Run the next chunk of this process's blocks. Return its trace, the carry to be stored, and the seconds."""
        begin = time.perf_counter()
        blocks = [self.task.partition.block(block) for block in self._local_blocks(group)]
        with measure("run", self.task.label), self.task.convert_user_errors():
            try:
                group.carry, trace = self.program.run(blocks, self.draws, group.next_chunk, group.carry)
                trace = jax.tree.map(np.asarray, trace)  # waits until it is computed
            except Exception as error:
                if describe_nonfinite_error(error):
                    # Raises an error that names the operation, if the first gradient is already not finite.
                    self.program.run_first_gradients(blocks, self.draws)
                raise
        partition = self.task.partition
        is_last = group.next_chunk + 1 == partition.chunks and partition.end is None
        carry = [] if is_last or not self.needs_carries else [np.asarray(array) for array in group.carry]
        return trace, carry, time.perf_counter() - begin

    def _store(
        self, group: BlockGroup, trace: Any, carry: list[Any], seconds: float
    ) -> Iterator[tuple[int, ChunkResult]]:
        """Store the chunk that a group has finished, and yield the result of each block after it is stored."""
        trace, carry = self.processes.concatenate((trace, carry))
        for position, block in enumerate(group.blocks):
            block_trace = jax.tree.map(lambda array, at=position: array[at], trace)
            arrays = self.program.select_results(group.next_chunk, block_trace)
            result = ChunkResult(arrays, seconds / len(group.blocks), self.compile_seconds)
            self.compile_seconds = 0.0  # only the first chunk that is stored has the seconds of the compilation
            if self.store:
                self.store.write(self.index, block, group.next_chunk, result, [array[position] for array in carry])
            self.watcher.on_progress(self.chunk_runs)
            self.watcher.on_chunk(self.task, block, group.next_chunk, arrays)
            yield block, result
        group.next_chunk += 1

    def _local_blocks(self, group: BlockGroup) -> list[int]:
        """Return the blocks of a group that this process computes. The last block is repeated to fill all devices."""
        width = self.program.width
        blocks = group.blocks + [group.blocks[-1]] * (width * self.processes.count - len(group.blocks))
        return blocks[self.processes.index * width : (self.processes.index + 1) * width]

    def _load_carry(self, group: BlockGroup) -> list[Any] | None:
        """Return the stored carry of this process's blocks, as arrays on (block, ...), or None at the start."""
        if group.next_chunk == 0 and self.start is None:
            return None
        if group.next_chunk == 0 and self.start is not None:
            return [np.stack(arrays) for arrays in zip(*map(self.start, self._local_blocks(group)))]
        shapes, last_chunk = self.program.carry_shapes(), group.next_chunk - 1
        carries = {}
        if self.store:
            carries = {block: self.store.read_carry(self.index, block, last_chunk, shapes) for block in group.blocks}
        carries = self.processes.broadcast(carries)
        return [np.stack(arrays) for arrays in zip(*(carries[block] for block in self._local_blocks(group)))]
