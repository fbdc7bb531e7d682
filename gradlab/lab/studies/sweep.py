"""The sweep: any hyperparameters of any optimizers, on a grid or sampled, each optimizer as one compiled program."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..analysis.sweep_as_race import swept_hyperparameters
from ..engine.runner import run_tasks
from ..engine.task import FailureCollector, Task, Watcher
from ..inputs.argument_checks import Sampler, require_known, require_whole
from ..inputs.factory_adapter import as_factory, needed_beside
from ..inputs.importing import LoadError
from ..inputs.loading import find_factory, find_problem, label_of
from ..inputs.name_lookup import look_up
from ..inputs.problem_adapter import as_problem
from ..inputs.user_errors import Failures, UserCodeError, lines
from ..problems.base import Problem
from ..results import assembly, provenance
from .race import require_different
from .resuming import open_study
from .search_space import Axis, SearchSpaceError, as_axes, grid_points, sample_points, scales
from .search_space import Linear as Linear
from .search_space import Log as Log
from .size_limits import require_room, require_runs


@dataclass(frozen=True)
class SweepStudy:
    """What is to be swept: every combination of the values of `axes` (or so many `samples` of their ranges), for each
    of the factories, from each of the seeds, on each problem.

    Raises ValueError for numbers below one, for hyperparameters that a factory does not have or that are no numbers,
    and for what is too large (see `gradlab.lab.studies.size_limits`); TypeError for arguments of other types.
    """

    problems: tuple[Problem, ...]
    factories: Mapping[str, Callable[..., Any]]  # name of the optimizer -> factory
    axes: Mapping[str, Axis]  # hyperparameter -> values
    seeds: int = 5
    steps: int | None = None
    samples: int | None = None
    sampler: Sampler | None = None  # None: sobol
    sample_seed: int | None = None  # None: 0
    lanes: int | None = None
    chunk: int | None = None
    watcher: Watcher = field(default_factory=Watcher, repr=False, compare=False)  # is told how checking goes
    points: Mapping[str, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("seeds", "steps", "samples", "lanes", "chunk"):
            if getattr(self, name) is not None or name == "seeds":
                require_whole(name, getattr(self, name))
        if self.sample_seed is not None:
            require_whole("sample_seed", self.sample_seed, least=0)
        object.__setattr__(self, "axes", as_axes(self.axes))
        if not self.problems or not self.factories or not self.axes:
            raise ValueError("a sweep needs at least one problem, one optimizer and one hyperparameter")
        require_different([problem.name for problem in self.problems], "problem")
        for label, factory in self.factories.items():
            require_numbers(label, factory, self.axes)
        object.__setattr__(self, "points", self._points())
        require_runs(len(next(iter(self.points.values()))), self.seeds, self.steps)
        require_room(self.tasks)
        for task in self.tasks[: len(self.factories)]:
            task.check(self.watcher)

    def _points(self) -> dict[str, np.ndarray]:
        if self.samples is not None:
            return sample_points(self.axes, self.samples, self.sampler or "sobol", self.sample_seed or 0)
        for name in ("sampler", "sample_seed"):
            if (value := getattr(self, name)) is not None:
                raise ValueError(
                    f"{name} is given ({value}) without a number of samples, so that the points are a grid; give that "
                    f"number too, or leave it out"
                )
        return grid_points(self.axes)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """One task for each problem and optimizer, problem by problem."""
        notes = {
            "hyperparameters": json.dumps(list(self.axes)),
            "scales": json.dumps(scales(self.axes)),
            "sampler": (self.sampler or "sobol") if self.samples else "grid",
            "held": fixed_hyperparameters(self.factories, self.axes),
        }
        return tuple(
            Task(
                problem, name, "swept", factory, self.points, tuple(range(self.seeds)),
                problem.steps if self.steps is None else self.steps, self.lanes, self.chunk, notes,
                axis="point",
            )
            for problem in self.problems
            for name, factory in self.factories.items()
        )  # fmt: skip

    @property
    def runs(self) -> int:
        """All training runs."""
        return sum(task.runs for task in self.tasks)


OPTIONS = ("steps", "samples", "sampler", "sample_seed", "lanes", "chunk")


def sweep(
    problem: Any,
    optimizers: Callable[..., Any] | str | Sequence[Any] | Mapping[str, Any],
    axes: Mapping[str, Axis],
    seeds: int = 5,
    *,
    out: Path | str | None = None,
    fresh: bool = False,
    watcher: Watcher | None = None,
    **options: Any,
) -> xr.Dataset:
    """Train an optimizer at each point of a grid, from each seed, as one compiled program.

        sweep("digits", gl.adam, {"learning_rate": Log(1e-4, 1e-1, 13), "b1": [0.8, 0.9, 0.95]}, seeds=5)

    The problem is a value with `init` and `loss` (see `Problem`), a class of such values, or a name. An optimizer is a
    factory (of gradlab, optax or the user's), or a name; several are a list, or a dictionary by label. A hyperparameter
    has a range, a list of values, or one value. The options are those of `SweepStudy`: `steps`, `lanes` and `chunk`;
    and `samples=64` for points in ranges without a count (`Log(1e-4, 1e-1)`), with `sampler` "sobol", "halton",
    "latin_hypercube" or "random", and `sample_seed`.

    Returns a Dataset on (optimizer, point, seed, step), with each hyperparameter as a coordinate on (optimizer, point);
    `unstack` gives a grid its axes. With `out`, a folder, chunks are kept there as they end, and the same call goes on
    from them; `fresh` discards them. An optimizer that fails as it runs is left out, with a warning and the attribute
    `failed`. Raises UserCodeError if all fail, ValueError or TypeError for what cannot be swept, and FolderError for
    what `out` holds.
    """
    require_known("sweep", options, OPTIONS)
    chosen = find_problem(problem) if isinstance(problem, str) else as_problem(problem)
    plan = SweepStudy((chosen,), factories_by_name(optimizers), axes, seeds, **options, watcher=watcher or Watcher())
    if out is None:
        failed: dict[str, dict[str, str]] = {}
        task_results = list(run_tasks(plan.tasks, watcher=FailureCollector(watcher or Watcher(), failed)))
        if not task_results:
            raise UserCodeError("; ".join(lines(failed)))
        return _with_failures(assembly.assemble(task_results), failed)
    with open_study("sweep", plan.tasks, Path(out), fresh) as run:
        run.finish(provenance.provenance("gradlab.lab.studies.sweep.sweep"), watcher or Watcher())
        return _with_failures(run.read()[0][chosen.name], run.failed)


def _with_failures(dataset: xr.Dataset, failed: Failures) -> xr.Dataset:
    """The Dataset of the optimizers that ran, with a warning, and the attribute `failed`, for those that failed."""
    for line in lines(failed):
        warnings.warn(line, stacklevel=3)
    return dataset.assign_attrs(failed=json.dumps(failed)) if failed else dataset


def unstack(dataset: xr.Dataset) -> xr.Dataset:
    """The Dataset of a grid with a dimension for each hyperparameter in the place of `point`.

    Raises ValueError for samples, which lie on no grid, and for what no sweep made.
    """
    names = swept_hyperparameters(dataset)
    if dataset.attrs.get("sampler", "grid") != "grid":
        raise ValueError(
            f"samples ({dataset.attrs['sampler']}) lie on no grid; their coordinates are on (optimizer, point)"
        )
    first = {name: dataset[name].values[0] for name in names}  # the same for all optimizers
    flat = dataset.drop_vars(names).assign_coords({name: ("point", values) for name, values in first.items()})
    if len(names) == 1:
        return flat.swap_dims(point=names[0]).sortby(names[0])
    return flat.set_index(point=names).unstack("point")


def factories_by_name(optimizers: Any) -> dict[str, Callable[..., Any]]:
    """Factories by name: of a factory, of its name, of several in a list, or of several in a dictionary by name.

    Raises LoadError, and ValueError for two of one name.
    """
    if isinstance(optimizers, Mapping):
        for label in optimizers:
            if not isinstance(label, str) or not label.strip():
                raise LoadError(f"optimizers are named by text in a dictionary, got {label!r}; write str: factory")
        return {
            label: find_factory(found) if isinstance(found, str) else as_factory(label, found)
            for label, found in optimizers.items()
        }
    if isinstance(optimizers, (list, tuple)) and not hasattr(optimizers, "update"):  # an optimizer is a tuple, too
        pairs = [pair for found in optimizers for pair in factories_by_name(found).items()]
        require_different([label for label, _ in pairs], "optimizer")
        return dict(pairs)
    if isinstance(optimizers, str):
        return {label_of(optimizers): find_factory(optimizers)}
    name = getattr(optimizers, "__name__", "optimizer")
    return {name: as_factory(name, optimizers)}


def fixed_hyperparameters(factories: Mapping[str, Callable[..., Any]], swept: Iterable[str]) -> str:
    """The numbers that are not swept, as JSON: optimizer -> hyperparameter -> its default."""
    known: Any = {label: factory.factory.parameters for label, factory in factories.items()}  # type: ignore[attr-defined]
    return json.dumps(
        {
            label: {
                name: parameter.default
                for name, parameter in parameters.items()
                if name not in swept and isinstance(parameter.default, float)
            }
            for label, parameters in known.items()
        }
    )


def require_numbers(label: str, factory: Any, names: Collection[str]) -> None:
    """Raise SearchSpaceError if a factory has no such hyperparameters, has one that is no number, or needs others
    besides.
    """
    parameters = factory.factory.parameters
    for name in names:
        try:
            parameter = look_up(name, parameters, f"hyperparameter of {label}")
        except KeyError as error:
            raise SearchSpaceError(str(error)) from None
        if parameter.static or parameter.variadic:
            raise SearchSpaceError(
                f"{name} of {label} is no number but structure, of which each value is a program of its own; write a "
                f"function that returns {label} with the {name} that you want, and pass it as module:function"
            )
    if needed := needed_beside(factory, names):
        raise SearchSpaceError(
            f"{label} needs {' and '.join(needed)} besides; give it one value (--set {needed[0]}=0.9), or a default"
        )
