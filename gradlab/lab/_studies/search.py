"""The search: Optuna chooses points of ranges round by round, and each round is one compiled program."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import jax
import numpy as np
import xarray as xr

from .._engine.compiler import Compiler
from .._engine.distributed import Processes
from .._engine.task import Task, TaskResult, Watcher
from .._engine.task_runner import Helpers, run_tasks
from .._inputs.argument_checks import require_whole_number, suggest_arguments
from .._results import assembly, plan
from .._results.known_tasks import leave_out_known, read_heads
from .._storage.checkpoints import CheckpointStore, compute_digest, prefer_stored_plan
from ..analysis.leaderboard import mean_scores, select_role
from ..problems.base import Problem
from .optuna_sampler import STARTUP, Suggestions, require_optuna
from .run_study import describe_call, run_study
from .search_space import Axis, Linear, SearchSpaceError
from .search_space.axes import as_axes, axis_scales, format_axis, values_of
from .search_space.structures import as_space
from .seeds import Seeds, as_seeds
from .size_limits import require_room, require_runs
from .study import Failed
from .study_arguments import factories_by_name, problems_by_name
from .sweep import describe_defaults, require_arguments


@dataclass(frozen=True)
class SearchStudy:
    """A search: `trials` points in the ranges of `axes`, for one factory on one problem.

    Each round trains a `batch` of points from each of the seeds, and tells Optuna the mean scores over those seeds that
    are for choosing. Optuna never sees the others. The first points, `batch` or at least 10, are spread evenly.

    Raises TypeError for values that are not whole numbers; ValueError for numbers below one, for a study that is too
    large (see `gradlab.lab._studies.size_limits`), for axes without a range, and for hyperparameters that the factory
    does not have, that are not numbers, or that it refuses at the ends of their ranges; MissingOptunaError without
    Optuna.
    """

    problem: Problem
    name: str  # of the optimizer
    factory: Callable[..., Any]
    axes: Mapping[str, Any]  # hyperparameter -> range, values, or text; parsed
    trials: int = 64
    batch: int = 16
    seeds: Any = 8  # a number of them, or those that are given (see `as_seeds`); then a tuple
    steps: int | None = None
    sample_seed: int = 0
    lanes: int | None = None
    chunk: int | None = None
    kind: ClassVar[str] = "search"

    def __post_init__(self) -> None:
        for name in ("trials", "batch", "steps", "lanes", "chunk"):
            if getattr(self, name) is not None or name in ("trials", "batch"):
                require_whole_number(name, getattr(self, name))
        require_whole_number("sample_seed", self.sample_seed, least=0)
        object.__setattr__(self, "seeds", as_seeds(self.seeds))
        require_runs(self.trials, len(self.seeds), self.steps)
        object.__setattr__(self, "axes", as_axes(self.axes))
        space = as_space(self.axes, {self.name: self.factory})
        if space.choices or space.conditions:
            raise SearchSpaceError(
                f"a search takes numbers without conditions, and {' and '.join(space.choices or space.conditions)} has "
                f"others; sweep it, with samples"
            )
        require_arguments(self.name, self.factory, self.axes)
        if not any(isinstance(axis, Linear) for axis in self.axes.values()):
            given = ", ".join(f"{name}={format_axis(axis)}" for name, axis in self.axes.items()) or "nothing"
            raise SearchSpaceError(
                f"a search needs a range, such as learning_rate=log:1e-4:1; got {given}, which a sweep covers"
            )
        self._suggestions()
        corners = list(itertools.islice(self._corners(), 4096))
        self.task(as_columns(corners)).check(Watcher())  # so that no point of a late round is refused
        require_room([self.task(as_columns(corners[:1] * self.trials))])

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.trials * len(self.seeds)

    @property
    def rounds(self) -> list[int]:
        """The number of points of each round."""
        return [min(self.batch, self.trials - first) for first in range(0, self.trials, self.batch)]

    def task(self, points: Mapping[str, np.ndarray]) -> Task:
        """Return the task of a round, or of all rounds."""
        notes = {
            "hyperparameters": json.dumps(list(self.axes)),
            "scales": json.dumps(axis_scales(self.axes)),
            "sampler": "tpe",
            "held": describe_defaults({self.name: self.factory}, self.axes),
        }
        return Task(
            self.problem, self.name, "swept", self.factory, points, self.seeds,
            self.problem.steps if self.steps is None else self.steps, self.lanes, self.chunk, notes,
            dimension="point", batch=self.batch,
        )  # fmt: skip

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problem."""
        return (self.problem,)

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready: the axes and the seed stand for the points."""
        found = plan.make_plan(self.kind, [self.task(as_columns([next(self._corners())] * self.rounds[0]))])
        own = {"trials": self.trials, "batch": self.batch, "sample_seed": self.sample_seed}
        axes = {name: format_axis(axis) for name, axis in self.axes.items()}
        found["versions"]["optuna"] = require_optuna().__version__
        found["tasks"] = [{**own, **task, "points": axes} for task in found["tasks"]]
        return found

    def compute(
        self,
        folder: Path | None,
        watcher: Watcher,
        processes: Processes,
        failed: Failed,
        helpers: Helpers | None = None,
    ) -> dict[str, xr.Dataset]:
        """Compute the Dataset of the problem; see `Study`. Nothing is added to `failed`: a failure ends the search.

        A search that is resumed asks for its points again. They are the same, because the scores are. Checkpoints of a
        round with other points, which were computed elsewhere, would not be taken.
        """
        suggestions = self._suggestions()
        wanted = prefer_stored_plan(folder, self.plan()) if folder else {}
        heads, digest = read_heads(folder, wanted, watcher, processes), compute_digest(wanted)
        task_results: list[TaskResult] = []
        with Compiler(reuse_programs=True) as compiler:
            for number, count in enumerate(self.rounds):
                points = suggestions.ask(count)
                (task,), known = leave_out_known([self.task(points)], heads, digest)
                own = plan.describe_round(wanted, points) if folder else {}
                store = CheckpointStore(folder, own, number, known) if folder else None
                (result,) = run_tasks([task], store, watcher, processes, compiler)
                task_results.append(result)
                suggestions.tell(_average_choosing_scores(result))
        dataset = assembly.assemble_dataset([self._whole(task_results)])
        numbers = np.repeat(np.arange(len(task_results)), self.rounds)
        return {self.problem.name: dataset.assign_coords(round=("point", numbers))}

    def _corners(self) -> Iterator[dict[str, float]]:
        """Return all combinations of the ends of the ranges and the values of the lists."""
        ends = [_list_ends(name, axis) for name, axis in self.axes.items()]
        return (dict(zip(self.axes, values)) for values in itertools.product(*ends))

    def _suggestions(self) -> Suggestions:
        startup = max(self.batch, STARTUP)
        return Suggestions(self.axes, self.problem.score.higher_is_better, startup, self.sample_seed)

    def _whole(self, task_results: list[TaskResult]) -> TaskResult:
        """Join the results of all rounds into those of one task."""

        def concatenate(*arrays: Any) -> np.ndarray:
            return np.concatenate(arrays)

        return TaskResult(
            self.task(
                {name: concatenate(*(result.task.points[name] for result in task_results)) for name in self.axes}
            ),
            jax.tree.map(concatenate, *(result.curves for result in task_results)),
            sum(result.compile_seconds for result in task_results),
            sum(result.run_seconds for result in task_results),
        )


@suggest_arguments
def search(
    problems: Any,
    optimizers: str | Callable[..., Any] | Sequence[Any] | Mapping[str, Any],
    hyperparameters: Mapping[str, Axis | str],
    trials: int = 64,
    batch: int = 16,
    seeds: Seeds = 8,
    *,
    sample_seed: int = 0,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
    out: Path | str | None = None,
    fresh: bool = False,
    watcher: Watcher | None = None,
) -> xr.DataTree:
    """Search ranges of an optimizer's hyperparameters, in rounds of `batch` points that are trained side by side.

        ranges = {"learning_rate": gl.lab.Log(1e-4, 1), "b1": gl.lab.Linear(0.5, 0.99)}
        results = gl.lab.search("digits", gl.adam, ranges)
        results.gradlab.best()

    `problems` and `optimizers` are given as to `race`, but one of each. Each of the `hyperparameters` has a `Linear` or
    `Log` range without a count, a list of values to choose from, or text such as "log:1e-4:1". Optuna chooses `trials`
    points in all; another `sample_seed` gives others. Half of the `seeds` guide the search, and the others report on
    it. `seeds`, `steps`, `lanes`, `chunk`, `out`, `fresh` and the DataTree that is returned are as of `sweep`, with the
    coordinate `round` on (point).

    Raises ValueError or TypeError for what cannot be searched, MissingOptunaError without Optuna, UserCodeError if the
    optimizer or the problem fails, and FolderError for a folder that cannot be used.
    """
    command = describe_call("search", locals())
    problem = only_one(problems_by_name(problems), "problem")
    name, factory = only_one(list(factories_by_name(optimizers).items()), "optimizer")
    study = SearchStudy(problem, name, factory, hyperparameters, trials, batch, seeds, steps, sample_seed, lanes, chunk)
    return run_study(study, command, out, fresh, watcher)


def only_one(several: Sequence[Any], kind: str) -> Any:
    """Return the one problem, or (name, factory) of an optimizer. Raises ValueError if there are several, or none."""
    if len(several) != 1:
        names = [item[0] if isinstance(item, tuple) else item.name for item in several]
        raise ValueError(
            f"a search is of one {kind}, got {', '.join(names) or 'none'}; search each on its own, into a folder of "
            f"its own"
        )
    return several[0]


def _average_choosing_scores(result: TaskResult) -> np.ndarray:
    """Return the mean score of each point over the seeds for choosing; NaN if one of them diverged."""
    dataset = assembly.assemble_dataset([result])
    return mean_scores(select_role(dataset, "choose")).values[0]


def as_columns(points: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Return points as columns: name -> (point,)."""
    return {name: np.array([point[name] for point in points]) for name in points[0]}


def _list_ends(name: str, axis: Axis) -> list[float]:
    """Return the ends of a range, or all values of a list."""
    return [axis.low, axis.high] if isinstance(axis, Linear) else values_of(name, axis).tolist()
