"""The compiler: programs, and the draws beside them, made on threads of their own while others run."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import jax
import optax

from .lanes import Draws, draw
from .program import Program
from .task import Task

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
        """The program of a task, and what its seeds draw. Both raise ForeignError for code of others that fails."""
        with task.blame():
            stacked = task.stacked()
        key = (id(task.problem), task.seeds, task.steps)
        if key not in self._draws:
            self._draws.clear()  # laps come problem by problem
            self._draws[key] = self._pool.submit(_drawn, task)
        return self._program(task, stacked), self._draws[key]

    def _program(self, task: Task, stacked: optax.GradientTransformation) -> Future[Program]:
        if not self.keep:
            return self._pool.submit(_compiled, task, stacked, self.devices)
        shape = (id(task.problem), task.cut, jax.tree.structure(stacked))
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


def require_compilation() -> None:
    """Raise ValueError under `jax.disable_jit`: every run here is a compiled program."""
    if jax.config.values["jax_disable_jit"]:
        raise ValueError("jax_disable_jit is set, and runs are compiled programs; unset JAX_DISABLE_JIT")


def settings_of_this_thread() -> Callable[[], None]:
    """A function that gives the thread that calls it the settings of this thread.

    These are the values of context variables, and of all context managers of JAX: each of them, such as
    `jax.enable_x64`, changes a setting for one thread alone. Contexts that a user makes with `jax.make_user_context`
    are not passed on, because JAX does not list them.
    """
    wanted = {name: jax.config.values[name] for name in thread_settings()}
    context = contextvars.copy_context()

    def settle() -> None:
        for name, manager in thread_settings().items():
            if jax.config.values[name] != wanted[name]:
                manager(wanted[name]).__enter__()
        for variable, value in context.items():
            variable.set(value)

    return settle


def thread_settings() -> dict[str, Callable[[Any], AbstractContextManager[None]]]:
    """The settings of JAX that a thread can have for itself: name in `jax.config` -> the public context manager."""
    kind: type = type(jax.enable_x64)
    public: dict[str, Any] = {name: manager for name in dir(jax) if isinstance(manager := getattr(jax, name), kind)}
    public.pop("thread_guard", None)  # is about one thread: another that sets it takes the place of the first
    known: Mapping[str, Any] = jax.config.values
    found = {f"jax_{name}" if f"jax_{name}" in known else name: manager for name, manager in public.items()}
    return {name: manager for name, manager in found.items() if name in known}


def _drawn(task: Task) -> Draws:
    with task.blame():
        return draw(task.problem, task.seeds, task.steps)


def _compiled(task: Task, stacked: optax.GradientTransformation, devices: Sequence[jax.Device] | None) -> Program:
    with task.blame():
        return Program(task.problem, stacked, task.cut, devices)
