"""The compiler: threads that compile the programs of tasks, and draw their random numbers, while other tasks run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import optax

from .._profile import measure
from ..problems.base import Problem
from .partition import Partition
from .program import Program
from .task import Task
from .thread_context import ThreadSettings
from .training_loop import Draws, ProblemFunctions, draw

THREADS = 2

P = ParamSpec("P")
T = TypeVar("T")


class Compiler:
    """Prepares tasks for some devices, on threads that have the settings of the thread which made the compiler.

    With `reuse_programs`, a later task with other points, but of the same shape, runs on the same compiled program. A
    compiler is a context manager, and leaving it cancels what has not begun.
    """

    def __init__(
        self, devices: Sequence[jax.Device] | None = None, reuse_programs: bool = False, threads: int = THREADS
    ):
        self.devices, self.reuse_programs = devices, reuse_programs
        self._threads = ThreadPoolExecutor(threads, "compile")
        self._settings = ThreadSettings()
        self._last_draws: _LastDraws | None = None
        self._last_functions: ProblemFunctions | None = None
        self._programs: list[_ReusableProgram] = []

    def prepare(self, task: Task) -> tuple[Future[Program], Future[Draws]]:
        """Return the program of a task, and the draws of its seeds, as futures.

        This call and both futures raise UserCodeError if user code fails.
        """
        with task.convert_user_errors():
            stack = task.stack_points()
        last = self._last_draws
        if last is None or last.problem is not task.problem or (last.seeds, last.steps) != (task.seeds, task.steps):
            # Tasks come problem by problem, so no more than the last draws are needed again.
            last = _LastDraws(task.problem, task.seeds, task.steps, self._submit(_draw, task))
            self._last_draws = last
        return self._prepare_program(task, stack), last.draws

    def _prepare_program(self, task: Task, stack: optax.GradientTransformation) -> Future[Program]:
        if self._last_functions is None or self._last_functions.problem is not task.problem:
            self._last_functions = ProblemFunctions(task.problem)
        functions = self._last_functions
        if not self.reuse_programs:
            return self._submit(_compile, task, stack, self.devices, functions)
        structure = jax.tree.structure(stack)
        for known in self._programs:
            is_same = (known.partition.program_shape, known.structure) == (task.partition.program_shape, structure)
            if known.problem is task.problem and is_same:
                return self._submit(_adapt, known.program, stack)
        program = self._submit(_compile, task, stack, self.devices, functions)
        self._programs.append(_ReusableProgram(task.problem, task.partition, structure, program))
        return program

    def _submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._threads.submit(self._settings.apply_to(function), *args, **kwargs)

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


# Problems are recognized by identity, because they need not be hashable. Both classes hold the problem itself, so that
# no other object can have its identity while it is remembered.


class _LastDraws(NamedTuple):
    """The draws of the last task, and what they depend on."""

    problem: Problem
    seeds: tuple[int, ...]
    steps: int
    draws: Future[Draws]


class _ReusableProgram(NamedTuple):
    """A program, and what it depends on besides the values of hyperparameters."""

    problem: Problem
    partition: Partition
    structure: Any  # of the tree of hyperparameters
    program: Future[Program]


def _draw(task: Task) -> Draws:
    with measure("draw", task.problem.name), task.convert_user_errors():
        return draw(task.problem, task.seeds, task.steps)


def _compile(
    task: Task,
    stack: optax.GradientTransformation,
    devices: Sequence[jax.Device] | None,
    functions: ProblemFunctions,
) -> Program:
    with measure("trace", task.label), task.convert_user_errors():
        return Program(task.problem, stack, task.partition, devices, task.label, functions)


def _adapt(program: Future[Program], stack: optax.GradientTransformation) -> Program:
    return program.result().replace_points(stack)
