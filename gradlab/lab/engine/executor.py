"""Groups of blocks: the blocks of one task on their way through its chunks, as many at a time as the machine has room
for.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import jax
import numpy as np

from ..inputs.user_errors import special
from ..storage.checkpoints import CheckpointStore, Part
from .distributed import Processes
from .program import Program
from .task import Task, Watcher
from .thread_settings import ThreadSettings
from .training_loop import Draws

Parts = list[list[Part]]  # (block, chunk)


@dataclass
class BlockGroup:
    """Some blocks, one on each device of all processes, and how far they have come."""

    blocks: list[int]
    chunk: int  # the one to run next
    carry: list[Any] | None  # what to go on from: arrays on (block of this process, ...)


def concurrent_groups(program: Program, processes: Processes) -> int:
    """How many groups to run at a time: with one device that is a CPU, as many as there are cores, at most eight.

    A group alone does not keep all cores busy. Several processes must take their groups in one order, so one by one.
    """
    if program.width > 1 or program.platform != "cpu" or processes.count > 1:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores)


class Executor:
    """The chunks of one task that are still to be computed. Only `finish` is for others to call."""

    def __init__(
        self,
        index: int,
        task: Task,
        program: Program,
        draws: Draws,
        store: CheckpointStore | None,
        watcher: Watcher,
        processes: Processes,
    ):
        self.index, self.task, self.program, self.draws = index, task, program, draws
        self.store, self.watcher, self.processes = store, watcher, processes
        self.blocks = task.partition.blocks()
        self.block_runs = task.runs / len(self.blocks)
        self.compile_seconds = program.compile_seconds
        self.is_kept = processes.from_first(store is not None)

    def finish(self, kept: Parts) -> Parts:
        """All parts of all blocks, of which some are there already. The calling thread stores new ones as they come."""
        parts = [list(block) for block in kept]
        done = [len(block) for block in parts]
        self.watcher.advances(self.block_runs * sum(done) / self.task.partition.chunks)
        waiting, limit = deque(self._waves(done)), concurrent_groups(self.program, self.processes)
        running: dict[Future[Any], BlockGroup] = {}
        run = ThreadSettings().apply_to(self._run)
        with ThreadPoolExecutor(limit, "group") as pool:
            while waiting or running:
                while waiting and len(running) < limit:
                    group = waiting.popleft()
                    group.carry = self._load(group)
                    running[pool.submit(run, group)] = group
                share = len(running)
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    group = running.pop(future)
                    results, kept_on, seconds = self.processes.together(future.result)
                    for block, part in self._take(group, results, kept_on, seconds / share):
                        parts[block].append(part)
                    if group.chunk < self.task.partition.chunks:
                        running[pool.submit(run, group)] = group
        return parts

    def _waves(self, done: list[int]) -> Iterator[BlockGroup]:
        """The blocks that are not complete, grouped by how many chunks of them are done."""
        width = self.program.width * self.processes.count
        for chunk, same in groupby(sorted(range(len(done)), key=done.__getitem__), key=done.__getitem__):
            queue = list(same) if chunk < self.task.partition.chunks else []
            for first in range(0, len(queue), width):
                yield BlockGroup(queue[first : first + width], chunk, None)

    def _run(self, group: BlockGroup) -> tuple[Any, list[Any], float]:
        """One chunk of the blocks of this process: its results, what is to be kept to go on from, and the seconds."""
        begin = time.perf_counter()
        mine = [self.blocks[block] for block in self._mine(group)]
        with self.task.convert_user_errors():
            try:
                group.carry, trace = self.program.run(mine, self.draws, group.chunk, group.carry)
                results = jax.tree.map(np.asarray, trace)  # waits for them
            except Exception as error:
                if special(error):
                    self.program.try_starts(mine, self.draws)  # raises where it happens, if it happens at once
                raise
        is_last = group.chunk + 1 == self.task.partition.chunks
        kept = [] if is_last or not self.is_kept else [np.asarray(array) for array in group.carry]
        return results, kept, time.perf_counter() - begin

    def _take(self, group: BlockGroup, results: Any, kept: list[Any], seconds: float) -> Iterator[tuple[int, Part]]:
        """The parts of a chunk, once they are stored."""
        results, kept = self.processes.joined((results, kept))
        for position, block in enumerate(group.blocks):
            own = jax.tree.map(lambda array, at=position: array[at], results)
            part = Part(self.program.valid(group.chunk, own), seconds / len(group.blocks), self.compile_seconds)
            self.compile_seconds = 0.0
            if self.store:
                self.store.write(self.index, block, group.chunk, part, [array[position] for array in kept])
            self.watcher.advances(self.block_runs / self.task.partition.chunks)
            yield block, part
        group.chunk += 1

    def _mine(self, group: BlockGroup) -> list[int]:
        """The blocks of a group that this process computes; the last one is repeated to fill up the devices."""
        width = self.program.width
        filled = group.blocks + [group.blocks[-1]] * (width * self.processes.count - len(group.blocks))
        return filled[self.processes.index * width : (self.processes.index + 1) * width]

    def _load(self, group: BlockGroup) -> list[Any] | None:
        """What the blocks of this process go on from, on (block, ...); None at the start."""
        if group.chunk == 0:
            return None
        shapes = self.program.carry_shapes()
        carries = {}
        if self.store:
            carries = {block: self.store.carry(self.index, block, group.chunk - 1, shapes) for block in group.blocks}
        carries = self.processes.from_first(carries)
        return [np.stack(arrays) for arrays in zip(*(carries[block] for block in self._mine(group)))]
