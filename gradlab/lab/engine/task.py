"""Tasks: what the tasks of a race or a sweep are to do, what they give, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradlab import Transformation
from gradlab.time_limit import limit_time, time_limit_seconds
from gradlab.values import replace_unchecked

from ..inputs.source_files import is_user_code
from ..inputs.user_errors import RefusedHyperparametersError, UserCodeError, convert_user_errors
from ..problems.base import Problem
from .partition import Partition, partition_task
from .training_loop import Curves, stack_optimizers


@dataclass(frozen=True)
class Task:
    """What a task is to do: each point of one optimizer's hyperparameters, from each seed, on one problem."""

    problem: Problem
    name: str  # of the optimizer
    family: str  # what it is drawn beside
    make: Callable[..., optax.GradientTransformation]  # of the hyperparameters below, by name
    points: Mapping[str, np.ndarray]  # hyperparameter -> (point,)
    seeds: tuple[int, ...]
    steps: int
    lanes: int | None = None  # at most so many in a block; None leaves it to the size of the problem
    chunk: int | None = None  # at most so many steps in a chunk
    notes: Mapping[str, str] = field(default_factory=dict)  # attributes of the Dataset
    axis: str = "rate"  # what the points are on: "rate" in a race, "point" in a sweep

    @property
    def count(self) -> int:
        """The number of points."""
        return len(next(iter(self.points.values())))

    @property
    def setup(self) -> str:
        """The problem as text, without the address that is in Python's own."""
        kind = type(self.problem)
        return (
            repr(self.problem) if kind.__repr__ is not object.__repr__ else f"{kind.__module__}.{kind.__qualname__}()"
        )

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.count * len(self.seeds)

    def optimizer(self, point: int) -> optax.GradientTransformation:
        """The optimizer at a point.

        Raises UserCodeError if somebody else's fails, and RefusedHyperparametersError if it refuses its values. One of
        gradlab raises ValueError for values outside of their ranges.
        """
        try:
            with self.convert_user_errors(), limit_time(time_limit_seconds() if self._is_user_code else 0):
                chosen = {name: values[point].item() for name, values in self.points.items()}
                return self.make(**{name: self._number(name, value) for name, value in chosen.items()})
        except UserCodeError as error:
            if isinstance(error.__cause__, ValueError):
                raise RefusedHyperparametersError(str(error)) from error.__cause__
            raise

    def _number(self, name: str, value: float) -> Any:
        """A value as its factory takes it: an integer array where it takes whole numbers, and is given no others."""
        return jnp.asarray(int(value)) if name in self._counts else value

    @cached_property
    def _counts(self) -> set[str]:
        """The hyperparameters that are swept over whole numbers, and whose defaults are such."""
        parameters = getattr(getattr(self.make, "factory", None), "parameters", {})
        counts = {name for name, parameter in parameters.items() if parameter.whole}
        return {name for name in counts & set(self.points) if (self.points[name] % 1 == 0).all()}

    def check(self, watcher: Watcher) -> None:
        """Make the optimizers, and raise RefusedHyperparametersError or ValueError for the first value that one
        refuses.

        An optimizer that fails otherwise is left to the run, which reports it and goes on with the others. The
        hyperparameters of gradlab's factories have intervals, so that the smallest and the largest value of each speak
        for all; any other factory is called at every point.
        """
        indices: Iterable[int] = range(self.count)
        if not self._is_user_code:
            ends = (extreme(values) for values in self.points.values() for extreme in (np.argmin, np.argmax))
            indices = sorted({0, *map(int, ends)})
        for done, index in enumerate(indices):
            try:
                self.optimizer(index)
            except RefusedHyperparametersError:
                raise
            except UserCodeError:
                return
            if done % 500 == 499:
                watcher.checks(self, done + 1)

    def stacked(self) -> optax.GradientTransformation:
        """One optimizer whose hyperparameters are arrays over all points."""
        first = self.optimizer(0)
        children = getattr(first, "children", {})
        is_plain = isinstance(first, Transformation) and first.factory == getattr(self.make, "factory", None)
        numbers = [*(children.get(name) for name in self.points), *jax.tree.leaves(first)]
        if not is_plain or not all(isinstance(number, float) for number in numbers):
            with self.convert_user_errors():
                return stack_optimizers([self.optimizer(point) for point in range(self.count)])
        # The leaves are the arguments themselves, so that there is no need to make every optimizer.
        columns = jax.tree.map(lambda number: jnp.asarray(np.full(self.count, number)), first)
        return replace_unchecked(columns, {name: jnp.asarray(values) for name, values in self.points.items()})

    @cached_property
    def composition(self) -> str:
        """What the optimizer is made of, at the middle point."""
        return str(self.optimizer(self.count // 2))

    @cached_property
    def partition(self) -> Partition:
        """Its blocks and chunks."""
        tx = self.optimizer(self.count // 2)
        with self.convert_user_errors():
            return partition_task(self.problem, tx, self.count, len(self.seeds), self.steps, self.lanes, self.chunk)

    def convert_user_errors(self) -> AbstractContextManager[Any]:
        """Where its optimizer and its problem are called: their failures are told apart from our own."""
        stack = ExitStack()
        stack.enter_context(convert_user_errors(f"{self.name} on {self.problem.name}", self._is_user_code))
        stack.enter_context(jax.transfer_guard("allow"))  # it moves numbers on purpose
        return stack

    @cached_property
    def _is_user_code(self) -> bool:
        return is_user_code(self.problem) or is_user_code(self.make)


class TaskResult(NamedTuple):
    """What a task gave."""

    task: Task
    curves: Curves  # NumPy arrays on (point, seed, ...)
    compile_seconds: float
    run_seconds: float  # of the chunks, without compilation; what was read back took none


class Watcher:
    """Is told how the work goes; this one does not care."""

    def starts(self, task: Task) -> None:
        """A task begins."""

    def checks(self, task: Task, points: int) -> None:
        """So many points of a task are checked, before anything runs."""

    def advances(self, runs: float) -> None:
        """So many runs are done, in parts of a run, since the last time; those of before a resume are counted too."""

    def warns(self, message: str) -> None:
        """Something was amiss, and is being put right."""

    def fails(self, task: Task, error: UserCodeError) -> None:
        """A task cannot be finished. This one raises the error; without that, the others go on."""
        raise error


class FailureCollector(Watcher):
    """Passes on what it is told, but collects the failures of tasks, so that the others go on."""

    def __init__(self, watcher: Watcher, failed: dict[str, dict[str, str]]):
        self.watcher, self.failed = watcher, failed
        self.starts, self.advances, self.warns = watcher.starts, watcher.advances, watcher.warns  # type: ignore[method-assign]

    def fails(self, task: Task, error: UserCodeError) -> None:
        problem, label = task.problem.name, f"{task.name} on {task.problem.name} "
        self.failed.setdefault(problem, {})[task.name] = str(error).removeprefix(label)
