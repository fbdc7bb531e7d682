"""Waves: the blocks of one lap on their way through its chunks, as many at a time as the machine has room for."""

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
from ..storage.checkpoints import Part, Store
from .distributed import Processes
from .program import Program
from .task import Task, Watcher
from .thread_settings import settings_of_this_thread
from .training_loop import Draws

Parts = list[list[Part]]  # (block, chunk)


@dataclass
class Wave:
    """Some blocks, one on each device of all processes, and how far they have come."""

    blocks: list[int]
    chunk: int  # the one to run next
    carry: list[Any] | None  # what to go on from: arrays on (block of this process, ...)


def concurrent_waves(program: Program, processes: Processes) -> int:
    """How many waves to run at a time: with one device that is a CPU, as many as there are cores, at most eight.

    A wave alone does not keep all cores busy. Several processes must take their waves in one order, so one by one.
    """
    if program.width > 1 or program.platform != "cpu" or processes.count > 1:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores)


class Waves:
    """The chunks of one lap that are still to be computed. Only `finish` is for others to call."""

    def __init__(
        self,
        index: int,
        task: Task,
        program: Program,
        draws: Draws,
        store: Store | None,
        watcher: Watcher,
        processes: Processes,
    ):
        self.index, self.task, self.program, self.draws = index, task, program, draws
        self.store, self.watcher, self.processes = store, watcher, processes
        self.blocks = task.cut.blocks()
        self.block_runs = task.runs / len(self.blocks)
        self.compile_seconds = program.compile_seconds
        self.is_kept = processes.from_first(store is not None)

    def finish(self, kept: Parts) -> Parts:
        """All parts of all blocks, of which some are there already. The calling thread stores new ones as they come."""
        parts = [list(block) for block in kept]
        done = [len(block) for block in parts]
        self.watcher.advances(self.block_runs * sum(done) / self.task.cut.chunks)
        waiting, limit = deque(self._waves(done)), concurrent_waves(self.program, self.processes)
        running: dict[Future[Any], Wave] = {}
        with ThreadPoolExecutor(limit, "wave", settings_of_this_thread()) as pool:
            while waiting or running:
                while waiting and len(running) < limit:
                    wave = waiting.popleft()
                    wave.carry = self._load(wave)
                    running[pool.submit(self._run, wave)] = wave
                share = len(running)
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    wave = running.pop(future)
                    results, kept_on, seconds = self.processes.together(future.result)
                    for block, part in self._take(wave, results, kept_on, seconds / share):
                        parts[block].append(part)
                    if wave.chunk < self.task.cut.chunks:
                        running[pool.submit(self._run, wave)] = wave
        return parts

    def _waves(self, done: list[int]) -> Iterator[Wave]:
        """The blocks that are not complete, grouped by how many chunks of them are done."""
        width = self.program.width * self.processes.count
        for chunk, same in groupby(sorted(range(len(done)), key=done.__getitem__), key=done.__getitem__):
            queue = list(same) if chunk < self.task.cut.chunks else []
            for first in range(0, len(queue), width):
                yield Wave(queue[first : first + width], chunk, None)

    def _run(self, wave: Wave) -> tuple[Any, list[Any], float]:
        """One chunk of the blocks of this process: its results, what is to be kept to go on from, and the seconds."""
        begin = time.perf_counter()
        mine = [self.blocks[block] for block in self._mine(wave)]
        with self.task.blame():
            try:
                wave.carry, trace = self.program.run(mine, self.draws, wave.chunk, wave.carry)
                results = jax.tree.map(np.asarray, trace)  # waits for them
            except Exception as error:
                if special(error):
                    self.program.try_starts(mine, self.draws)  # raises where it happens, if it happens at once
                raise
        is_last = wave.chunk + 1 == self.task.cut.chunks
        kept = [] if is_last or not self.is_kept else [np.asarray(array) for array in wave.carry]
        return results, kept, time.perf_counter() - begin

    def _take(self, wave: Wave, results: Any, kept: list[Any], seconds: float) -> Iterator[tuple[int, Part]]:
        """The parts of a chunk, once they are stored."""
        results, kept = self.processes.joined((results, kept))
        for position, block in enumerate(wave.blocks):
            own = jax.tree.map(lambda array, at=position: array[at], results)
            part = Part(self.program.valid(wave.chunk, own), seconds / len(wave.blocks), self.compile_seconds)
            self.compile_seconds = 0.0
            if self.store:
                self.store.write(self.index, block, wave.chunk, part, [array[position] for array in kept])
            self.watcher.advances(self.block_runs / self.task.cut.chunks)
            yield block, part
        wave.chunk += 1

    def _mine(self, wave: Wave) -> list[int]:
        """The blocks of a wave that this process computes; the last one is repeated to fill up the devices."""
        width = self.program.width
        filled = wave.blocks + [wave.blocks[-1]] * (width * self.processes.count - len(wave.blocks))
        return filled[self.processes.index * width : (self.processes.index + 1) * width]

    def _load(self, wave: Wave) -> list[Any] | None:
        """What the blocks of this process go on from, on (block, ...); None at the start."""
        if wave.chunk == 0:
            return None
        shapes = self.program.carry_shapes()
        carries = {}
        if self.store:
            carries = {block: self.store.carry(self.index, block, wave.chunk - 1, shapes) for block in wave.blocks}
        carries = self.processes.from_first(carries)
        return [np.stack(arrays) for arrays in zip(*(carries[block] for block in self._mine(wave)))]
