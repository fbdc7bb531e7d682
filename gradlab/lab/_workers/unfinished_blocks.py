"""The blocks of tasks that are left for workers to compute, and those that are being computed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from .._engine.task import Task, Watcher
from .._inputs.user_errors import UserCodeError


class UnfinishedBlocks:
    """The blocks of some tasks, which workers take one by one. All methods may be called from any thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._left: list[list[int]] = []  # task -> the blocks that nobody has begun
        self._running: list[int] = []  # task -> how many of its blocks are being computed
        self._runs: list[float] = []  # task -> the runs that are done
        self._begun: set[int] = set()
        self._returned: set[int] = set()  # the tasks with blocks whose worker was lost

    def begin(self, blocks: Sequence[int]) -> None:
        """Begin with tasks of so many blocks."""
        with self.changed:
            self._left = [list(range(count)) for count in blocks]
            self._running, self._runs = [0] * len(blocks), [0.0] * len(blocks)
            self._begun.clear()
            self._returned.clear()
            self.changed.notify_all()

    def take(self, task: int) -> tuple[int, int] | None:
        """Take a block: of the same task, so that its program serves again; else of a task that nobody has begun; else
        of the one that has most left, if it has several, because its program must be made once more. Blocks whose
        worker was lost are taken, however few they are."""
        with self.changed:
            if not any(self._left):
                return None
            if task >= len(self._left) or not self._left[task]:
                new = [index for index, left in enumerate(self._left) if left and index not in self._begun]
                returned = [index for index in self._returned if self._left[index]]
                most = max(range(len(self._left)), key=lambda index: len(self._left[index]))
                if not new and not returned and len(self._left[most]) < 2:
                    return None
                task = (new or returned or [most])[0]
            self._begun.add(task)
            self._running[task] += 1
            return task, self._left[task].pop(0)

    def give_back(self, task: int, block: int) -> None:
        """Give back a block that was taken, so that another worker takes it."""
        with self.changed:
            self._left[task].insert(0, block)
            self._running[task] -= 1
            self._returned.add(task)
            self.changed.notify_all()

    def finish(self, task: int, runs: float, is_end: bool = False, succeeded: bool = True) -> None:
        """Note that some runs of a task are done, and perhaps that a block is, or that it failed."""
        with self.changed:
            self._runs[task] += runs
            self._running[task] -= is_end
            if not succeeded:
                self._left[task].clear()  # they would fail too
            self.changed.notify_all()

    def wait(self, task: int, watcher: Watcher, is_alone: Callable[[], bool]) -> float:
        """Wait until no worker computes a block of a task, or will; none will if the command `is_alone`.

        Return how many runs of the task the watcher was told.
        """
        told = 0.0
        while True:
            with self.changed:
                if not self._is_over(task, is_alone):
                    self.changed.wait(timeout=1.0)  # a worker that is killed wakes nobody
                is_over, runs = self._is_over(task, is_alone), self._runs[task]
            watcher.on_progress(runs - told)
            told = runs
            if is_over:
                return told

    def _is_over(self, task: int, is_alone: Callable[[], bool]) -> bool:
        return is_alone() or not (self._left[task] or self._running[task])


def count_blocks(task: Task) -> int:
    """Return the blocks of a task: none if its optimizer cannot be made, which is reported where the task runs.

    A task whose points stop early is computed as a whole, since its blocks wait for one another.
    """
    try:
        return 1 if task.pruning else task.partition.block_count
    except UserCodeError:
        return 0
