"""The sweep: any hyperparameters of any optimizers, on a grid or sampled, each optimizer as one compiled program."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from ...remedies.argument_names import suggest_arguments
from .._engine.task import Task, TaskResult, Watcher
from .._exports.live.live_log import LogFunction
from .._inputs.argument_checks import Sampler, require_whole_number
from .._inputs.factory_adapter import find_missing_arguments
from ..problems.base import Problem
from .pruning.prune_argument import Prune, as_rule, with_pruning
from .run_study import describe_call, run_study
from .search_space import Axis, SearchSpaceError
from .search_space.axes import as_axes
from .search_space.structured_tasks import check_structure, divide, join_structures
from .search_space.structures import Space, Structure, as_space
from .seeds import Seeds, as_seeds
from .size_limits import require_room, require_runs
from .study import TaskStudy
from .study_arguments import factories_by_name, problems_by_name, require_different


@dataclass(frozen=True)
class SweepStudy(TaskStudy):
    """A sweep: every combination of the values of `axes`, or `samples` points of their ranges, for each factory, seed
    and problem.

    Raises ValueError for numbers below one, for hyperparameters that a factory does not have or that are not numbers,
    and for a study that is too large (see `gradlab.lab._studies.size_limits`); TypeError for arguments of other types.
    """

    problems: tuple[Problem, ...]
    factories: Mapping[str, Callable[..., Any]]  # name of the optimizer -> factory
    axes: Mapping[str, Any]  # hyperparameter -> range, values, or text; parsed
    seeds: Any = 5  # a number of them, or those that are given (see `as_seeds`); then a tuple
    steps: int | None = None
    samples: int | None = None
    sampler: Sampler | None = None  # None: sobol
    sample_seed: int | None = None  # None: 0
    lanes: int | None = None
    chunk: int | None = None
    curve_points: int | None = None  # None: all
    prune: Prune = None
    watcher: Watcher = field(default_factory=Watcher, repr=False, compare=False)  # is told about the progress of checks
    space: Space = field(init=False, repr=False, compare=False)
    points: Mapping[str, np.ndarray] = field(init=False)  # NaN where a hyperparameter does not exist
    kind: ClassVar[str] = "sweep"

    def __post_init__(self) -> None:
        for name in ("steps", "samples", "lanes", "chunk", "curve_points"):
            if getattr(self, name) is not None:
                require_whole_number(name, getattr(self, name))
        object.__setattr__(self, "seeds", as_seeds(self.seeds))
        if self.sample_seed is not None:
            require_whole_number("sample_seed", self.sample_seed, least=0)
        object.__setattr__(self, "axes", as_axes(self.axes))
        object.__setattr__(self, "prune", as_rule(self.prune))
        if not self.problems or not self.factories or not self.axes:
            raise ValueError("a sweep needs at least one problem, one optimizer and one hyperparameter")
        require_different([problem.name for problem in self.problems], "problem")
        object.__setattr__(self, "space", as_space(self.axes, self.factories))
        for label, factory in self.factories.items():
            require_arguments(label, factory, set(self.axes) - set(self.space.conditions))
        object.__setattr__(self, "points", self._points())
        require_runs(len(next(iter(self.points.values()))), len(self.seeds), self.steps)
        require_room(self.tasks)
        for task in self.tasks[: len(self.tasks) // len(self.problems)]:
            check_structure(task, self.watcher)

    def _points(self) -> dict[str, np.ndarray]:
        if self.samples is not None:
            return self.space.sample(self.samples, self.sampler or "sobol", self.sample_seed or 0)
        for name in ("sampler", "sample_seed"):
            if (value := getattr(self, name)) is not None:
                raise ValueError(
                    f"{name} is given ({value}) without a number of samples, so that the points are a grid; give that "
                    f"number too, or leave it out"
                )
        return self.space.grid()

    @cached_property
    def structures(self) -> list[Structure]:
        """The structures of the points."""
        return self.space.structures(self.points)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """One task for each problem, optimizer and structure, problem by problem."""
        grid = "conditional grid" if self.space.conditions else "grid"
        notes = {
            **self.space.notes(),
            "sampler": (self.sampler or "sobol") if self.samples else grid,
            "held": describe_defaults(self.factories, self.axes),
        }
        tasks = tuple(
            part
            for problem in self.problems
            for name, factory in self.factories.items()
            for part in divide(
                Task(
                    problem, name, "swept", factory, self.points, self.seeds,
                    problem.steps if self.steps is None else self.steps, self.lanes, self.chunk, notes,
                    dimension="point", curve_points=self.curve_points,
                ),
                self.structures,
            )
        )  # fmt: skip
        return with_pruning(tasks, as_rule(self.prune))

    def join(self, results: Sequence[TaskResult], folder: Path | None) -> list[TaskResult]:
        """Return one result for each optimizer."""
        return join_structures(results, self.points, self.structures, folder)

    @property
    def runs(self) -> int:
        """All training runs."""
        return sum(task.run_count for task in self.tasks)


@suggest_arguments
def sweep(
    problems: Any,
    optimizers: str | Callable[..., Any] | Sequence[Any] | Mapping[str, Any],
    hyperparameters: Mapping[str, Axis | str],
    seeds: Seeds = 5,
    *,
    samples: int | None = None,
    sampler: Sampler | None = None,
    sample_seed: int | None = None,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
    curve_points: int | None = None,
    prune: Prune = None,
    out: Path | str | None = None,
    fresh: bool = False,
    on: Any = None,
    watcher: Watcher | None = None,
    log: LogFunction | str | None = None,
) -> xr.DataTree:
    """Train optimizers at each point of a grid of their hyperparameters, from several seeds, on each problem.

        grid = {"learning_rate": gl.lab.Log(1e-4, 1e-1, 13), "b1": [0.8, 0.9]}
        results = gl.lab.sweep("digits", gl.adam, grid)
        results.gradlab.best()

    `problems` and `optimizers` are given as to `race`; a factory takes the hyperparameters by name. Each of the
    `hyperparameters` has a `Linear`, `Log` or `Integer` range with a count, a list of values, one value, or text such
    as "log:1e-4:1e-1:13". Values may be switches, words, schedules, or anything else that the factory takes, with names
    in a dictionary: `{"nesterov": [True, False], "learning_rate": {"constant": 0.1, "linear": schedule}}`; each
    combination of these is a program of its own. A hyperparameter in `When` exists only where others have certain
    values. With `samples=64`, so many points are spread over ranges without a count instead, by the `sampler` "sobol"
    (the default), "halton", "latin_hypercube" or "random"; another `sample_seed` gives others. Half of the `seeds` rank
    the points, and the others report on them. With `curve_points=100`, a run keeps at most 100 losses (and places of
    its path), evenly spaced over its steps; metrics and scores are the same. `prune` is as of `race`: the points of an
    optimizer on a problem are compared, those of each combination of choices with one another. `seeds`, `steps`,
    `lanes`, `chunk`, `out`, `fresh`, `on`, `watcher`, `log` and the DataTree that is returned are as of `race`, but
    that it is on (optimizer, point, seed, step or evaluation), with each hyperparameter as a coordinate on (optimizer,
    point).

    Raises ValueError or TypeError for what cannot be swept, UserCodeError if all optimizers fail, and FolderError for
    a folder that cannot be used.

    >>> space = {"learning_rate": gl.lab.Log(0.001, 0.1, 3), "momentum": [0.0, 0.9]}
    >>> results = gl.lab.sweep("ravine", gl.sgd, space, seeds=2, steps=12)
    >>> dict(results["ravine"].loss.sizes)
    {'optimizer': 1, 'point': 6, 'seed': 2, 'step': 12}
    """
    command = describe_call("sweep", locals())
    study = SweepStudy(
        problems_by_name(problems), factories_by_name(optimizers), hyperparameters, seeds, steps, samples, sampler,
        sample_seed, lanes, chunk, curve_points, prune, watcher or Watcher(),
    )  # fmt: skip
    return run_study(study, command, out, fresh, watcher, on, log)


def describe_defaults(factories: Mapping[str, Callable[..., Any]], swept: Iterable[str]) -> str:
    """Return, as JSON, the defaults that are not swept: optimizer -> hyperparameter -> default."""
    known: Any = {label: factory.factory.parameters for label, factory in factories.items()}  # type: ignore[attr-defined]
    return json.dumps(
        {
            label: {
                name: parameter.default
                for name, parameter in parameters.items()
                if name not in swept and type(parameter.default) in (float, int, str)
            }
            for label, parameters in known.items()
        }
    )


def require_arguments(label: str, factory: Any, given: Collection[str]) -> None:
    """Raise SearchSpaceError unless the names are all that the factory needs."""
    if needed := find_missing_arguments(factory, given):
        raise SearchSpaceError(
            f"{label} also needs {' and '.join(needed)}; give it one value (--set {needed[0]}=0.9), or a default"
        )
