"""The search: points of ranges that are chosen round by round, by the scores so far, each round as one program."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr

from ..analysis.leaderboard import mean_scores, with_role
from ..engine.compiler import Compiler
from ..engine.distributed import Processes
from ..engine.runner import run_tasks
from ..engine.task import Task, TaskResult, Watcher
from ..inputs.argument_checks import require_known, require_whole
from ..inputs.loading import find_problem
from ..inputs.problem_adapter import as_problem
from ..problems.base import Problem
from ..results import assembly, plan, provenance
from ..storage.checkpoints import CheckpointStore, stored_plan
from .optuna_sampler import STARTUP, Suggestions, require_optuna
from .resuming import open_plan
from .search_space import Axis, SearchSpaceError, as_axes, format_axis, scales, values_of
from .search_space import Linear as Linear
from .search_space import Log as Log
from .size_limits import require_room, require_runs
from .sweep import factories_by_name, fixed_hyperparameters, require_numbers


@dataclass(frozen=True)
class SearchStudy:
    """What is to be searched: the ranges of `axes`, for one factory on one problem, with so many `trials` in all.

    Each round trains a `batch` of points from each of the seeds, and tells Optuna the mean scores over those seeds that
    are for choosing; the others stay unseen. The first points, `batch` or at least 10, are spread evenly.

    Raises TypeError for what is no whole number; ValueError for numbers below one, for too many (see
    `gradlab.lab.studies.size_limits`), for axes without a range, and for hyperparameters that the factory does not
    have, that are no numbers, or that it refuses at the ends of their ranges; MissingOptunaError without Optuna.
    """

    problem: Problem
    name: str  # of the optimizer
    factory: Callable[..., Any]
    axes: Mapping[str, Axis]
    trials: int = 64
    batch: int = 16
    seeds: int = 8
    steps: int | None = None
    sample_seed: int = 0
    lanes: int | None = None
    chunk: int | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "batch", "seeds", "steps", "lanes", "chunk"):
            if getattr(self, name) is not None or name in ("trials", "batch", "seeds"):
                require_whole(name, getattr(self, name))
        require_whole("sample_seed", self.sample_seed, least=0)
        require_runs(self.trials, self.seeds, self.steps)
        object.__setattr__(self, "axes", as_axes(self.axes))
        require_numbers(self.name, self.factory, self.axes)
        if not any(isinstance(axis, Linear) for axis in self.axes.values()):
            given = ", ".join(f"{name}={format_axis(axis)}" for name, axis in self.axes.items()) or "nothing"
            raise SearchSpaceError(
                f"a search needs a range, such as learning_rate=log:1e-4:1; got {given}, which a sweep covers"
            )
        self._suggestions()
        corners = list(itertools.islice(self._corners(), 4096))
        self.task(columns(corners)).check(Watcher())  # before a point of a late round is refused
        require_room([self.task(columns(corners[:1] * self.trials))])

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.trials * self.seeds

    @property
    def rounds(self) -> list[int]:
        """The number of points of each round."""
        return [min(self.batch, self.trials - first) for first in range(0, self.trials, self.batch)]

    def task(self, points: Mapping[str, np.ndarray]) -> Task:
        """The task of a round, or of all."""
        notes = {
            "hyperparameters": json.dumps(list(self.axes)),
            "scales": json.dumps(scales(self.axes)),
            "sampler": "tpe",
            "held": fixed_hyperparameters({self.name: self.factory}, self.axes),
        }
        return Task(
            self.problem, self.name, "swept", self.factory, points, tuple(range(self.seeds)),
            self.problem.steps if self.steps is None else self.steps, self.lanes, self.chunk, notes,
            axis="point",
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready: the axes and the seed stand for the points."""
        found = plan.document("search", [self.task(columns([next(self._corners())] * self.rounds[0]))])
        own = {"trials": self.trials, "batch": self.batch, "sample_seed": self.sample_seed}
        axes = {name: format_axis(axis) for name, axis in self.axes.items()}
        found["versions"]["optuna"] = require_optuna().__version__
        found["tasks"] = [{**own, **task, "points": axes} for task in found["tasks"]]
        return found

    def run(self, folder: Path | None, watcher: Watcher, processes: Processes) -> dict[str, xr.Dataset]:
        """Run all rounds, but for what the folder has of them, and give the Dataset by the name of the problem.

        The points are asked for anew when a search goes on. They are the same, because the scores are; the parts of a
        round with others (computed elsewhere) would not be taken.
        """
        suggestions = self._suggestions()
        wanted = stored_plan(folder, self.document()) if folder else {}
        task_results: list[TaskResult] = []
        with Compiler(reuse_programs=True) as compiler:
            for number, count in enumerate(self.rounds):
                points = suggestions.ask(count)
                own = {**wanted, "points": {name: values.tolist() for name, values in points.items()}}
                store = CheckpointStore(folder, own, number) if folder else None
                (result,) = run_tasks([self.task(points)], store, watcher, processes, compiler)
                task_results.append(result)
                suggestions.tell(_chosen_by(result))
        dataset = assembly.assemble([self._whole(task_results)])
        numbers = np.repeat(np.arange(len(task_results)), self.rounds)
        return {self.problem.name: dataset.assign_coords(round=("point", numbers))}

    def _corners(self) -> Iterator[dict[str, float]]:
        """All combinations of the ends of the ranges and the values of the lists."""
        ends = [_ends(name, axis) for name, axis in self.axes.items()]
        return (dict(zip(self.axes, values)) for values in itertools.product(*ends))

    def _suggestions(self) -> Suggestions:
        startup = max(self.batch, STARTUP)
        return Suggestions(self.axes, self.problem.score.higher_is_better, startup, self.sample_seed)

    def _whole(self, task_results: list[TaskResult]) -> TaskResult:
        """All rounds as one task."""

        def joined(*arrays: Any) -> np.ndarray:
            return np.concatenate(arrays)

        return TaskResult(
            self.task({name: joined(*(result.task.points[name] for result in task_results)) for name in self.axes}),
            jax.tree.map(joined, *(result.curves for result in task_results)),
            sum(result.compile_seconds for result in task_results),
            sum(result.run_seconds for result in task_results),
        )


def search(
    problem: Any,
    optimizer: Callable[..., Any] | str,
    axes: Mapping[str, Axis],
    trials: int = 64,
    batch: int = 16,
    seeds: int = 8,
    *,
    out: Path | str | None = None,
    fresh: bool = False,
    watcher: Watcher | None = None,
    **options: Any,
) -> xr.Dataset:
    """Look for good hyperparameters of an optimizer in ranges, in rounds of `batch` points, each one compiled program.

        search("digits", gl.adam, {"learning_rate": Log(1e-4, 1), "b1": Linear(0.5, 0.99)}, trials=64, seeds=4)

    The problem and the optimizer are given as to `sweep`, but one of each; an axis is a range, or a list of values to
    choose from. The options are those of `SearchStudy`: `steps`, `sample_seed`, `lanes` and `chunk`.

    Returns a Dataset like that of `sweep`, on (optimizer, point, seed, step), with the coordinate `round` on (point);
    `gradlab.lab.analysis.configurations.ranking` has the best points. With `out`, a folder, rounds are kept there as
    they go, and the same call goes on from them to the same results; `fresh` discards them. Raises ValueError or
    TypeError for what cannot be searched, FolderError for what `out` holds, MissingOptunaError without Optuna.
    """
    require_known("search", options, ("steps", "sample_seed", "lanes", "chunk"))
    chosen = find_problem(problem) if isinstance(problem, str) else as_problem(problem)
    factories = factories_by_name(optimizer)
    if len(factories) != 1:
        raise ValueError(f"a search is of one optimizer, got {', '.join(factories) or 'none'}; search each on its own")
    ((name, factory),) = factories.items()
    wanted = SearchStudy(chosen, name, factory, axes, trials, batch, seeds, **options)
    if out is None:
        return wanted.run(None, watcher or Watcher(), Processes())[chosen.name]
    with open_plan(wanted.document(), wanted.run, Path(out), fresh) as run:
        run.finish(provenance.provenance("gradlab.lab.studies.search.search"), watcher or Watcher())
        return run.read()[0][chosen.name]


def _chosen_by(result: TaskResult) -> np.ndarray:
    """The mean score of each point over the seeds for choosing, as points are ranked by; NaN if one diverged."""
    dataset = assembly.assemble([result])
    return mean_scores(with_role(dataset, "choose")).values[0]


def columns(points: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Points as columns: name -> (point,)."""
    return {name: np.array([point[name] for point in points]) for name in points[0]}


def _ends(name: str, axis: Axis) -> list[float]:
    """The ends of a range, or all values of a list."""
    return [axis.low, axis.high] if isinstance(axis, Linear) else values_of(name, axis).tolist()
