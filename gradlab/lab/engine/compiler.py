"""The compiler: programs, and the draws beside them, made on threads of their own while others run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import jax
import optax

from .program import Program
from .task import Task
from .thread_settings import settings_of_this_thread
from .training_loop import Draws, draw

THREADS = 2


class Compiler:
    """What prepares tasks, for some devices; to be closed, as a context, when there are no more to come.

    With `keep`, programs stay compiled for later tasks of other points but of the same shape.
    """

    def __init__(self, devices: Sequence[jax.Device] | None = None, keep: bool = False):
        self.devices, self.keep = devices, keep
        self._pool = ThreadPoolExecutor(THREADS, "compile", settings_of_this_thread())
        self._draws: dict[Any, Future[Draws]] = {}
        self._programs: dict[Any, Future[Program]] = {}

    def prepare(self, task: Task) -> tuple[Future[Program], Future[Draws]]:
        """The program of a task, and what its seeds draw. Both raise UserCodeError for code of others that fails."""
        with task.convert_user_errors():
            stacked = task.stacked()
        key = (id(task.problem), task.seeds, task.steps)
        if key not in self._draws:
            self._draws.clear()  # tasks come problem by problem
            self._draws[key] = self._pool.submit(_drawn, task)
        return self._program(task, stacked), self._draws[key]

    def _program(self, task: Task, stacked: optax.GradientTransformation) -> Future[Program]:
        if not self.keep:
            return self._pool.submit(_compiled, task, stacked, self.devices)
        shape = (id(task.problem), task.partition, jax.tree.structure(stacked))
        if shape not in self._programs:
            self._programs[shape] = self._pool.submit(_compiled, task, stacked, self.devices)
            return self._programs[shape]
        return self._pool.submit(lambda: self._programs[shape].result().of(stacked))

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _drawn(task: Task) -> Draws:
    with task.convert_user_errors():
        return draw(task.problem, task.seeds, task.steps)


def _compiled(task: Task, stacked: optax.GradientTransformation, devices: Sequence[jax.Device] | None) -> Program:
    with task.convert_user_errors():
        return Program(task.problem, stacked, task.partition, devices)
