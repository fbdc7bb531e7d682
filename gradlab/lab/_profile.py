"""Where the time of a study goes: the seconds of each part, on the clock and of the processor.

`with measure("draw"):` costs a microsecond, and less than that while nothing is recorded.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ._storage.files import write_text

PROFILE = "profile.json"
FORMAT = "gradlab-profile-1"

Clocks = tuple[float, float]  # seconds on the clock, and of the processor


class Part(NamedTuple):
    """The time of one part of a task in all its spans, without the parts inside them."""

    part: str
    task: str  # "optimizer on problem", or empty
    seconds: float
    processor_seconds: float
    spans: int


class Profile:
    """The spans that were measured, in all threads and processes.

    `read_processor` reads the processor seconds that belong to a span. Those of a thread leave out what XLA computes in
    threads of its own; a process that does one thing at a time counts all of its own.
    """

    def __init__(self, read_processor: Callable[[], float] = time.thread_time):
        self._read_processor = read_processor
        self._begin, self._lock, self._inside = time.perf_counter(), threading.Lock(), threading.local()
        self._spans: dict[tuple[str, str], tuple[float, float, int]] = {}

    def add(self, part: str, task: str, seconds: float, processor_seconds: float, count: int = 1) -> None:
        """Add spans that were measured elsewhere."""
        with self._lock:
            before = self._spans.get((part, task), (0.0, 0.0, 0))
            self._spans[part, task] = (before[0] + seconds, before[1] + processor_seconds, before[2] + count)

    def add_import(self) -> None:
        """Add what came before: the start of Python and its imports, which use one core without a pause."""
        seconds = time.process_time()
        self._begin -= seconds
        self.add("import", "", seconds, seconds)

    def take_parts(self) -> list[Part]:
        """Return all parts, and forget them."""
        with self._lock:
            parts = [Part(part, task, *sums) for (part, task), sums in self._spans.items()]
            self._spans.clear()
        return parts

    @contextmanager
    def span(self, part: str, task: str) -> Iterator[None]:
        """Measure what is done inside, without the spans inside it in the same thread."""
        outer: list[Clocks] | None = getattr(self._inside, "spans", None)
        inner: list[Clocks] = []
        self._inside.spans = inner
        begin, processor_begin = time.perf_counter(), self._read_processor()
        try:
            yield
        finally:
            seconds, processor = time.perf_counter() - begin, self._read_processor() - processor_begin
            self._inside.spans = outer
            if outer is not None:
                outer.append((seconds, processor))
            self.add(part, task, seconds - sum(s for s, _ in inner), processor - sum(p for _, p in inner))

    def document(self) -> dict[str, Any]:
        """Return the profile so far, JSON-ready: the sum of each part, and the parts of each task."""
        with self._lock:
            spans = dict(self._spans)
        parts: dict[str, list[float]] = {}
        tasks: dict[str, dict[str, list[float]]] = {}
        for (part, task), (seconds, processor, count) in spans.items():
            total = parts.setdefault(part, [0.0, 0.0, 0])
            parts[part] = [total[0] + seconds, total[1] + processor, total[2] + count]
            if task:
                tasks.setdefault(task, {})[part] = [round(seconds, 4), round(processor, 4)]
        process = time.process_time() + _read_children()
        return {
            "format": FORMAT,
            "unit": "s",
            "seconds": round(time.perf_counter() - self._begin, 3),
            "processor_seconds": round(process, 3),
            "parts": {
                part: {"seconds": round(a, 4), "processor_seconds": round(b, 4), "count": int(c)}
                for part, (a, b, c) in parts.items()
            },
            "tasks": tasks,
        }


def _read_children() -> float:
    """Return the processor seconds of the processes that this one has started, and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


_active: Profile | None = None


@contextmanager
def record(profile: Profile | None) -> Iterator[None]:
    """Let all threads of this process record their spans in a profile, if there is one."""
    global _active
    before, _active = _active, profile
    try:
        yield
    finally:
        _active = before


@contextmanager
def measure(part: str, task: str = "") -> Iterator[None]:
    """Measure a part of a study, if a profile is being recorded."""
    if _active is None:
        yield
        return
    with _active.span(part, task):
        yield


def active_profile() -> Profile | None:
    """Return the profile that is being recorded, if there is one."""
    return _active


def write_profile(folder: Path, document: Mapping[str, Any]) -> None:
    """Write a profile into the folder of a study. Raises OSError if the disk refuses."""
    write_text(folder / PROFILE, json.dumps(document, indent=1) + "\n")
