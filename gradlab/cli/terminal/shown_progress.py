"""The progress of long work on standard error: a bar in a terminal, and elsewhere a plain line now and then."""

from __future__ import annotations

import threading
import time
from typing import Any

from rich.progress import Progress, ProgressColumn

from .printing import SafeConsole, say

FIRST_SECONDS = 2.0  # before the first line, so that quick work is silent
SECONDS = 10.0  # between two lines, and more where the work goes on for long
MOST_SECONDS = 60.0


class ShownProgress(Progress):
    """A bar in a terminal that vanishes at its end. Where standard error is no terminal, lines take its place.

    A line comes after two seconds, then every ten seconds, and every minute after ten, so that the log of a long run
    stays short. It is about the first task: `sweep: 4 of 16 runs, 12 s; digits: adamw`. The task has a field `unit`,
    such as "runs".
    Nothing is shown if it is to be `hidden`, and no lines without `lines`.
    """

    def __init__(self, what: str, *columns: ProgressColumn, hidden: bool = False, lines: bool = True):
        console = SafeConsole(stderr=True, markup=False, highlight=False)
        super().__init__(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
        self.what = what
        self.in_lines = lines and not hidden and not console.is_terminal
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to show the progress. It may begin again after it was stopped."""
        super().start()
        if self.in_lines:
            self._stopped = threading.Event()
            threading.Thread(target=self._write_lines, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """Show nothing more."""
        super().stop()
        self._stopped.set()

    def _write_lines(self, stopped: threading.Event) -> None:
        seconds = FIRST_SECONDS
        while not stopped.wait(seconds):
            say(self.describe())
            seconds = max(SECONDS, min(self._elapsed / 10, MOST_SECONDS))

    @property
    def _elapsed(self) -> float:
        return self.tasks[0].elapsed or 0.0

    def describe(self) -> str:
        """Return the state of the first task as one line."""
        task = self.tasks[0]
        unit = task.fields["unit"].removesuffix("s") if task.total == 1 else task.fields["unit"]
        done = "" if task.total is None else f"{int(task.completed + 1e-6):,} of {int(task.total):,} {unit}, "
        return f"{self.what}: {done}{format_seconds(self._elapsed)}; {task.description}"


def format_seconds(seconds: float) -> str:
    """Return a duration in seconds, or in minutes and seconds from two minutes on."""
    whole = int(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


class LinesNowAndThen:
    """Says one of many sentences now and then, where there is no terminal: at most one in ten seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, sentence: Any) -> None:
        if time.monotonic() - self._last >= SECONDS:
            self._last = time.monotonic()
            say(str(sentence))
