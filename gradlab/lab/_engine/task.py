"""Tasks: all runs of one optimizer on one problem. Also their results, and the watchers that follow their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradlab import Transformation
from gradlab.user_code_time_limit import limit_time, time_limit_seconds
from gradlab.values.value import replace_unchecked

from .._inputs.default_contestants import Contestant
from .._inputs.user_code_detection import is_user_code
from .._inputs.user_errors import RefusedHyperparametersError, UserCodeError, convert_user_errors
from ..problems.base import Problem
from ..problems.default_groups import DefaultGroup, find_default_group
from .partition import Partition, Rectangle, partition_task
from .pruning.pruning import Pruning
from .training_loop import Curves, stack_optimizers


@dataclass(frozen=True)
class Task:
    """All runs of one optimizer on one problem: each point of its hyperparameters with each seed."""

    problem: Problem
    name: str  # of the optimizer
    family: str  # optimizers of one family are drawn together
    factory: Callable[..., optax.GradientTransformation]  # takes the hyperparameters of `points` by name
    points: Mapping[str, np.ndarray]  # hyperparameter -> its values on (point,)
    seeds: tuple[int, ...]
    steps: int
    lanes: int | None = None  # the largest number of runs in a block; None means that it follows from the problem
    chunk: int | None = None  # the largest number of steps in a chunk; None means that it follows from the problem
    notes: Mapping[str, str] = field(default_factory=dict)  # further attributes of the Dataset
    dimension: str = "rate"  # the dimension of the points in the Dataset: "rate" in a race, "point" elsewhere
    curve_points: int | None = None  # the most values of a loss curve and a path that are kept; None means all
    options: Mapping[str, str] = field(default_factory=dict)  # hyperparameters that the factory has already, as texts
    batch: int | None = None  # the points of a full round of a search, of which this is one; None elsewhere
    missing: tuple[Rectangle, ...] | None = None  # the runs that are to be computed, where some are known; None: all
    pruning: Pruning | None = None  # how points stop early; None: all runs go to their ends
    chunks: tuple[int, int | None] = (0, None)  # of a run, that are computed: the first, and the one after the last
    numbers: Sequence[int] | None = None  # of the points, in the study; None: 0, 1, ...

    @property
    def point_count(self) -> int:
        """The number of points."""
        return len(next(iter(self.points.values())))

    @property
    def run_count(self) -> int:
        """The number of runs: points times seeds."""
        return self.point_count * len(self.seeds)

    @property
    def setup(self) -> str:
        """The problem as text."""
        return describe_setup(self.problem)

    @property
    def label(self) -> str:
        """The name of the task in messages and profiles."""
        return f"{self.variant} on {self.problem.name}"

    @property
    def variant(self) -> str:
        """The name of the optimizer with its options."""
        return name_variant(self.name, self.options)

    def make_optimizer(self, point: int) -> optax.GradientTransformation:
        """Return the optimizer at a point.

        Raises ValueError if a factory of gradlab refuses its values, RefusedHyperparametersError if a factory of the
        user does, and UserCodeError if a factory of the user fails in another way.
        """
        try:
            with self.convert_user_errors(), limit_time(time_limit_seconds() if self._is_user_code else 0):
                return self.factory(**self.read_point(point))
        except UserCodeError as error:
            if isinstance(error.__cause__, ValueError):
                raise RefusedHyperparametersError(str(error)) from error.__cause__
            raise

    def read_point(self, point: int) -> dict[str, Any]:
        """Return the hyperparameters at a point as the factory takes them."""
        return {name: self._convert(name, column[point].item()) for name, column in self.points.items()}

    def _convert(self, name: str, value: float) -> Any:
        """Return a value as the factory takes it: an integer array for a hyperparameter that is a whole number."""
        return jnp.asarray(int(value)) if name in self._whole_hyperparameters else value

    @cached_property
    def _whole_hyperparameters(self) -> set[str]:
        """The hyperparameters that the factory declares as whole numbers, if all points have whole numbers for them."""
        parameters = getattr(getattr(self.factory, "factory", None), "parameters", {})
        whole = {name for name, parameter in parameters.items() if parameter.whole}
        return {name for name in whole & set(self.points) if (self.points[name] % 1 == 0).all()}

    def check(self, watcher: Watcher) -> None:
        """Make the optimizers, and raise RefusedHyperparametersError or ValueError for the first value that is refused.

        If an optimizer fails in another way, nothing is raised: the failure is reported when the task runs. A factory
        of gradlab accepts an interval for each hyperparameter, so it is called with the smallest and the largest values
        only. A factory of the user is called at every point.
        """
        indices: Iterable[int] = range(self.point_count)
        if not self._is_user_code:
            ends = (extreme(values) for values in self.points.values() for extreme in (np.argmin, np.argmax))
            indices = sorted({0, *map(int, ends)})
        for count, index in enumerate(indices, 1):
            try:
                self.make_optimizer(index)
            except RefusedHyperparametersError:
                raise
            except UserCodeError:
                return
            if count % 500 == 0:
                watcher.on_check(self, count)

    def stack_points(self) -> optax.GradientTransformation:
        """Return one optimizer whose hyperparameters are arrays over all points."""
        first = self.make_optimizer(0)
        children = getattr(first, "children", {})
        # A contestant of the race calls a factory with its one hyperparameter, the learning rate.
        factory = self.factory.make if isinstance(self.factory, Contestant) else self.factory
        is_plain = isinstance(first, Transformation) and first.factory == getattr(factory, "factory", None)
        numbers = [*(children.get(name) for name in self.points), *jax.tree.leaves(first)]
        if not is_plain or not all(isinstance(number, float) for number in numbers):
            with self.convert_user_errors():
                return stack_optimizers([self.make_optimizer(point) for point in range(self.point_count)])
        # All leaves are arguments of the factory, so the stack can be made without making every optimizer.
        columns = jax.tree.map(lambda number: jnp.asarray(np.full(self.point_count, number)), first)
        return replace_unchecked(columns, {name: jnp.asarray(values) for name, values in self.points.items()})

    @cached_property
    def composition(self) -> str:
        """The composition of the optimizer at the middle point, as text."""
        return str(self.make_optimizer(self.point_count // 2))

    @property
    def default_group(self) -> DefaultGroup | None:
        """The part that trains all leaves, if the selectors of the optimizer choose none (see `find_default_group`)."""
        middle = self.point_count // 2
        tx, rate = self.make_optimizer(middle), self.read_point(middle).get("learning_rate")
        with self.convert_user_errors():
            return find_default_group(tx, self.problem, rate)

    @cached_property
    def partition(self) -> Partition:
        """How the task is divided into blocks and chunks."""
        tx, points = self.make_optimizer(self.point_count // 2), self.point_count
        with self.convert_user_errors():
            partition = partition_task(
                self.problem, tx, points, len(self.seeds), self.steps, self.lanes, self.chunk, self.batch,
                self.pruning.outline(self.batch or points, len(self.seeds)) if self.pruning else None,
            )  # fmt: skip
        first, end = self.chunks
        return replace(partition, missing=self.missing, first=first, end=end)

    def convert_user_errors(self) -> AbstractContextManager[Any]:
        """Return a context for calls of optimizer and problem, which turns errors in user code into UserCodeError."""
        stack = ExitStack()
        stack.enter_context(convert_user_errors(self.label, self._is_user_code))
        stack.enter_context(jax.transfer_guard("allow"))  # these transfers between devices are intended
        return stack

    @cached_property
    def _is_user_code(self) -> bool:
        return is_user_code(self.problem) or is_user_code(self.factory)


def describe_setup(problem: Problem) -> str:
    """Return a problem as text: its own `repr`, or else its class, because Python's `repr` has an address in it."""
    kind = type(problem)
    return repr(problem) if kind.__repr__ is not object.__repr__ else f"{kind.__module__}.{kind.__qualname__}()"


def name_variant(optimizer: str, options: Mapping[str, str]) -> str:
    """Return the name of an optimizer with some options, such as `sgd (nesterov=yes)`."""
    return f"{optimizer} ({describe_options(options)})" if options else optimizer


def describe_options(options: Mapping[str, str]) -> str:
    """Return options as text, such as `nesterov=yes, layout=flax`."""
    return ", ".join(f"{name}={label}" for name, label in options.items())


class TaskResult(NamedTuple):
    """The result of a task."""

    task: Task
    curves: Curves  # NumPy arrays on (point, seed, ...)
    compile_seconds: float
    run_seconds: float  # of all chunks, without compilation; chunks read from checkpoints count with their old seconds


class Watcher:
    """An object that is told how a study proceeds. This one ignores what it is told, but raises errors of tasks.

    Derive from it, and define the methods that are of interest. A task is one optimizer on one problem, with all its
    points and seeds. It is computed in blocks of runs, and a block in chunks of steps.

    >>> class Counter(gl.lab.Watcher):
    ...     chunks = 0
    ...     def on_chunk(self, task, block, chunk, arrays):
    ...         self.chunks += 1
    >>> counter = Counter()
    >>> results = gl.lab.race("ravine", "sgd", rates=2, seeds=2, steps=12, watcher=counter)
    >>> counter.chunks > 0
    True
    """

    def on_start(self, task: Task) -> None:
        """A task starts to run."""

    def on_check(self, task: Task, points: int) -> None:
        """The first `points` points of a task were checked. All points are checked before anything runs."""

    def on_progress(self, runs: float) -> None:
        """Some more runs are done. A chunk counts as a fraction of its runs, and one from a checkpoint counts too."""

    def on_draw(self, done: int, count: int) -> None:
        """The runs are done, and `done` of `count` pictures are drawn in the folder of the study."""

    def on_note(self, message: str) -> None:
        """Something happened that does no harm, such as that another machine takes part, or leaves."""

    wants_chunks = False  # whether the next two methods want to know soon what other processes compute

    def on_chunk(self, task: Task, block: int, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        """A chunk was computed, or found in the store: `arrays` on (point, seed, position). It may be told again."""

    def on_known(self, task: Task, points: np.ndarray, seeds: np.ndarray, arrays: Mapping[str, np.ndarray]) -> None:
        """Whole runs were known before, at these indices of points and seeds: their curves on (point, seed, ...)."""

    def on_warning(self, message: str) -> None:
        """Something was wrong, and is being repaired."""

    def on_failure(self, task: Task, error: UserCodeError) -> None:
        """A task failed in user code. If this method does not raise the error, the other tasks go on."""
        raise error


class ForwardingWatcher(Watcher):
    """A watcher that passes all that it is told on to another one."""

    def __init__(self, watcher: Watcher):
        self.watcher = watcher
        self.wants_chunks = watcher.wants_chunks

    def on_start(self, task: Task) -> None:
        self.watcher.on_start(task)

    def on_check(self, task: Task, points: int) -> None:
        self.watcher.on_check(task, points)

    def on_progress(self, runs: float) -> None:
        self.watcher.on_progress(runs)

    def on_draw(self, done: int, count: int) -> None:
        self.watcher.on_draw(done, count)

    def on_note(self, message: str) -> None:
        self.watcher.on_note(message)

    def on_chunk(self, task: Task, block: int, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        self.watcher.on_chunk(task, block, chunk, arrays)

    def on_known(self, task: Task, points: np.ndarray, seeds: np.ndarray, arrays: Mapping[str, np.ndarray]) -> None:
        self.watcher.on_known(task, points, seeds, arrays)

    def on_warning(self, message: str) -> None:
        self.watcher.on_warning(message)

    def on_failure(self, task: Task, error: UserCodeError) -> None:
        self.watcher.on_failure(task, error)


class FailureCollector(ForwardingWatcher):
    """A watcher that collects the failures of tasks, so that other tasks go on, and passes all else to another one."""

    def __init__(self, watcher: Watcher, failed: dict[str, dict[str, str]]):
        super().__init__(watcher)
        self.failed = failed

    def on_failure(self, task: Task, error: UserCodeError) -> None:
        message = str(error).removeprefix(f"{task.label} ")
        if task.options:
            message = f"({describe_options(task.options)}) {message}"
        self.failed.setdefault(task.problem.name, {}).setdefault(task.name, message)
