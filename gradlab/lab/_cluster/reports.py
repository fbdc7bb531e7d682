"""Reports on a cluster to the user: how many workers it has, which are lost or refused, and when there are none."""

from __future__ import annotations

import queue
import time

from .._engine.task import Watcher
from .._formatting import format_count

QUIET_SECONDS = 5.0  # without a worker, before the command says that it waits for one
STEADY_SECONDS = 1.0  # of a number of workers, before it is said: several may come at a time


class Reports:
    """Sentences about the workers of a cluster, from any thread, for a watcher in one."""

    def __init__(self, name: str):
        self.name = name
        self._sentences: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said = self._seen = (0, 0)
        self._seen_since = time.monotonic()
        self._empty_since: float | None = None

    def add(self, sentence: str) -> None:
        """Add a sentence."""
        self._sentences.put(sentence)

    def tell(self, watcher: Watcher, workers: int, blocks: int) -> None:
        """Tell a watcher what is new, given how many workers there are and how many blocks they compute at a time."""
        while not self._sentences.empty():
            watcher.on_note(self._sentences.get())
        if (workers, blocks) != self._seen:
            self._seen, self._seen_since = (workers, blocks), time.monotonic()
        is_steady = time.monotonic() - self._seen_since >= STEADY_SECONDS
        if workers and self._seen != self._said and is_steady:
            self._said = self._seen
            verb = "compute" if workers > 1 else "computes"
            at_a_time = f"{format_count(blocks, 'block')} at a time"
            watcher.on_note(f"{format_count(workers, 'worker')} of {self.name} {verb}, {at_a_time}")
        self._complain(watcher, workers)

    def _complain(self, watcher: Watcher, workers: int) -> None:
        """Say once that there are no workers, when there have been none for some seconds."""
        if workers:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = time.monotonic()
        elif time.monotonic() - self._empty_since > QUIET_SECONDS:
            self._empty_since, self._said = float("inf"), (0, 0)
            watcher.on_note(
                f"{self.name} has no worker for this study; waiting until one comes (dask worker starts one, Ctrl-C "
                f"stops)"
            )
