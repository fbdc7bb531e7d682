"""Logs: functions that are told the curves of a study while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import numpy as np

from ..._engine.task import ForwardingWatcher, Task, Watcher
from .finished_chunks import FinishedChunk, RunStates
from .tensorboard_log import TensorBoardLog

LogFunction: TypeAlias = Callable[[FinishedChunk], None]
TENSORBOARD = "tensorboard:"


def make_log(
    log: LogFunction | str | None, runs: int, seeds: Sequence[int]
) -> AbstractContextManager[LogFunction | None]:
    """Return a log as a function, in the context in which it may be called.

    A log is a function of a `FinishedChunk`, or text such as "tensorboard:DIR"; None is none. The study has so many
    `runs`, from these `seeds`. Raises ValueError for other text, TypeError for other values, and what `TensorBoardLog`
    raises.
    """
    if isinstance(log, str):
        if not log.startswith(TENSORBOARD) or log == TENSORBOARD:
            raise ValueError(f"log must be tensorboard:DIR, with the name of a folder; got {log!r}")
        return TensorBoardLog(log.removeprefix(TENSORBOARD), runs, seeds)
    if log is not None and not callable(log):
        raise TypeError(f"log must be a function of a finished chunk, or 'tensorboard:DIR'; got {log!r}")
    return contextlib.nullcontext(log)


class LogWatcher(ForwardingWatcher):
    """Tells a log each chunk once, if there is a log, and passes all else on to another watcher.

    A log that raises an error is not called again, and the study goes on; `failure` then says what was raised.
    """

    def __init__(self, log: LogFunction | None, watcher: Watcher):
        super().__init__(watcher)
        self.log, self.failure = log, ""
        self.wants_chunks = log is not None or watcher.wants_chunks
        self._states: dict[tuple[str, str, int], RunStates] = {}

    def on_chunk(self, task: Task, block: int, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        super().on_chunk(task, block, chunk, arrays)
        if self.log is not None:
            self._tell(self._state(task).describe_chunk(task, block, chunk, arrays))

    def on_known(self, task: Task, points: np.ndarray, seeds: np.ndarray, arrays: Mapping[str, np.ndarray]) -> None:
        super().on_known(task, points, seeds, arrays)
        if self.log is not None:
            self._tell(self._state(task).describe_known(task, points, seeds, arrays))

    def _state(self, task: Task) -> RunStates:
        # The parts of a task have the same points as an object, and the rounds of a search have others.
        key = task.problem.name, task.variant, id(task.points)
        if key not in self._states:
            self._states[key] = RunStates(task)
        return self._states[key]

    def _tell(self, chunk: FinishedChunk | None) -> None:
        if chunk is None or self.log is None:
            return
        try:
            self.log(chunk)
        except Exception as error:
            reason = (str(error).splitlines() or [""])[0]
            self.failure = f"the log failed, and the study goes on without it ({type(error).__name__}: {reason})"
            self.log = None
            self.watcher.on_warning(self.failure)
