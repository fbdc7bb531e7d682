"""The search: Optuna chooses points round by round, and each structure of the points is one compiled program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import jax
import numpy as np
import xarray as xr

from ...remedies.argument_names import suggest_arguments
from .._engine.compiler import Compiler
from .._engine.distributed import Processes
from .._engine.partition import Partition
from .._engine.task import Task, TaskResult, Watcher
from .._engine.task_runner import Helpers, run_tasks
from .._exports.live.live_log import LogFunction
from .._inputs.argument_checks import SearchSampler, require_whole_number
from .._results import assembly, plan
from .._results.known_tasks import leave_out_known, read_heads
from .._storage.checkpoints import CheckpointStore, compute_digest, prefer_stored_plan
from ..analysis.leaderboard import mean_scores, select_role
from ..problems.base import Problem
from .hypergradients.guide import Guide
from .optuna_sampler import STARTUP, Suggestions, require_optuna
from .pruning.prune_argument import Prune, as_rule, require_one_process, with_pruning
from .pruning.pruned_rounds import read_rung_scores, run_pruned_round
from .run_study import describe_call, run_study
from .search_space import Axis, Linear, SearchSpaceError
from .search_space.axes import as_axes
from .search_space.corners import list_corners
from .search_space.structured_tasks import as_one_task, check_structure, divide, join_structures
from .search_space.structures import Space, Structure, as_space
from .seeds import Seeds, as_seeds
from .size_limits import require_room, require_runs
from .study import Failed
from .study_arguments import factories_by_name, only_one, problems_by_name
from .sweep import describe_defaults, require_arguments


@dataclass(frozen=True)
class SearchStudy:
    """A search: `trials` points in the ranges and among the choices of `axes`, for one factory on one problem.

    Each round trains a `batch` of points from each of the seeds, and tells Optuna the mean scores over those seeds that
    are for choosing. Optuna never sees the others. The first points, `batch` or at least 10, are spread evenly, and
    with the sampler "sobol" all are. With "hypergradient", half of each later round lies along the gradient of the
    final loss from the best two points, and Optuna chooses the other half.

    Raises TypeError for values that are not whole numbers; ValueError for numbers below one, for a study that is too
    large (see `gradlab.lab._studies.size_limits`), for axes without a range, and for hyperparameters that the factory
    does not have, or that it refuses at the ends of their ranges with any of the choices; MissingOptunaError without
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
    sampler: SearchSampler = "tpe"
    prune: Prune = None
    space: Space = field(init=False, repr=False, compare=False)
    structures: Sequence[Structure] = field(init=False, repr=False, compare=False)  # all that points can have
    partitions: dict[int, Partition] = field(init=False, repr=False, compare=False, default_factory=dict)  # as they ran
    kind: ClassVar[str] = "search"

    def __post_init__(self) -> None:
        for name in ("trials", "batch", "steps", "lanes", "chunk"):
            if getattr(self, name) is not None or name in ("trials", "batch"):
                require_whole_number(name, getattr(self, name))
        require_whole_number("sample_seed", self.sample_seed, least=0)
        if self.sampler not in get_args(SearchSampler):
            expected = " or ".join(get_args(SearchSampler))
            raise SearchSpaceError(f"a search has no sampler {self.sampler!r}; expected {expected}")
        object.__setattr__(self, "seeds", as_seeds(self.seeds))
        require_runs(self.trials, len(self.seeds), self.steps)
        object.__setattr__(self, "axes", as_axes(self.axes))
        object.__setattr__(self, "prune", as_rule(self.prune))
        if self.prune is not None and self.sampler == "hypergradient":
            raise ValueError("prune stops points that the sampler hypergradient would follow; leave out one of them")
        object.__setattr__(self, "space", as_space(self.axes, {self.name: self.factory}))
        require_arguments(self.name, self.factory, set(self.axes) - set(self.space.conditions))
        texts = self.space.texts()
        if not any(isinstance(axis, Linear) for axis in [*self.space.numbers.values(), *self.space.whole.values()]):
            given = ", ".join(f"{name}={text}" for name, text in texts.items()) or "nothing"
            raise SearchSpaceError(
                f"a search needs a range, such as learning_rate=log:1e-4:1; got {given}, which a sweep covers"
            )
        self._suggestions()
        corners = list_corners(self.space)
        object.__setattr__(self, "structures", self.space.structures(corners))
        tasks = divide(self.task(corners), self.structures)
        for task in tasks:
            check_structure(task, Watcher())  # so that no point of a late round is refused
        most = {name: np.repeat(values[:1], self.trials) for name, values in tasks[0].points.items()}
        require_room([replace(tasks[0], points=most), *tasks[1:]])

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.trials * len(self.seeds)

    @property
    def rounds(self) -> list[int]:
        """The number of points of each round."""
        return [min(self.batch, self.trials - first) for first in range(0, self.trials, self.batch)]

    def task(self, points: Mapping[str, np.ndarray]) -> Task:
        """Return the task of some points. It is to be divided into tasks of one structure each.

        The blocks have room for the points that each structure has in a round which is spread evenly over all of them.
        """
        share = -(-self.batch // len(self.structures))
        notes = {
            **self.space.notes(),
            "sampler": self.sampler,
            "held": describe_defaults({self.name: self.factory}, self.axes),
        }
        task = Task(
            self.problem, self.name, "swept", self.factory, points, self.seeds,
            self.problem.steps if self.steps is None else self.steps, self.lanes, self.chunk, notes,
            dimension="point", batch=share,
        )  # fmt: skip
        return with_pruning([task], as_rule(self.prune))[0]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problem."""
        return (self.problem,)

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready, with a task for each structure that points can have.

        The axes and the seed stand for the points.
        """
        firsts = [structure.points[0] for structure in self.structures]
        corners = {name: values[firsts] for name, values in list_corners(self.space).items()}
        found = plan.make_plan(self.kind, divide(self.task(corners), self.space.structures(corners)))
        own: dict[str, Any] = {"trials": self.trials, "batch": self.batch, "sample_seed": self.sample_seed}
        axes = self.space.texts()
        if self.sampler != "tpe":
            own["sampler"] = self.sampler
        if self.space.choices or self.space.conditions:
            own["axes"] = axes
        found["versions"]["optuna"] = require_optuna().__version__
        found["tasks"] = [{**own, **task, "points": {name: axes[name] for name in task["points"]}}
                          for task in found["tasks"]]  # fmt: skip
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
        if self.prune is not None:
            require_one_process(processes)
        suggestions = self._suggestions()
        wanted = prefer_stored_plan(folder, self.plan()) if folder else {}
        heads, digest = read_heads(folder, wanted, watcher, processes), compute_digest(wanted)
        rounds, scores = list[TaskResult](), list[np.ndarray]()
        guide = self._guide() if self.sampler == "hypergradient" and processes.is_first else None
        with Compiler(reuse_programs=True) as compiler:
            for number, count in enumerate(self.rounds):
                if self.sampler == "hypergradient" and number:
                    suggestions.enqueue(processes.broadcast(self._propose(guide, rounds, scores, count)))
                points = suggestions.ask(count)
                structures = self.space.structures(points)
                task = replace(self.task(points), numbers=range(number * self.batch, number * self.batch + count))
                tasks, known = leave_out_known(divide(task, structures), heads, digest)
                first = number * len(self.structures)
                self.partitions.update((first + at, task.partition) for at, task in enumerate(tasks))
                own = plan.describe_round(wanted, points) if folder else {}
                if self.prune is None:
                    store = CheckpointStore(folder, own, first, known) if folder else None
                    found = list(run_tasks(tasks, store, watcher, processes, compiler, helpers))
                else:
                    found = run_pruned_round(
                        tasks, folder, own, number, len(self.rounds), len(self.structures), watcher, compiler
                    )
                rounds += join_structures(found, points, structures, None)
                scores.append(_average_choosing_scores(rounds[-1]))
                rungs = read_rung_scores(found, structures) if self.prune is not None else ()
                suggestions.tell(scores[-1], rungs)
        dataset = assembly.assemble_dataset([self._whole(rounds)])
        numbers = np.repeat(np.arange(len(rounds)), self.rounds)
        return {self.problem.name: dataset.assign_coords(round=("point", numbers))}

    def _suggestions(self) -> Suggestions:
        startup = self.trials if self.sampler == "sobol" else max(self.batch, STARTUP)
        return Suggestions(self.space, self.problem.score.higher_is_better, startup, self.sample_seed)

    def _guide(self) -> Guide:
        choosing = self.seeds[: assembly.assign_roles(len(self.seeds)).count("choose") or 1]
        return Guide(self.space, self.task(list_corners(self.space)), choosing)

    def _propose(
        self, guide: Guide | None, rounds: list[TaskResult], scores: list[np.ndarray], count: int
    ) -> list[dict[str, float]]:
        if guide is None:
            return []
        sign = -1 if self.problem.score.higher_is_better else 1
        return guide.propose(self.task(self._join_points(rounds)), sign * np.concatenate(scores), count)

    def _join_points(self, rounds: list[TaskResult]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([result.task.points[name] for result in rounds]) for name in self.axes}

    def _whole(self, rounds: list[TaskResult]) -> TaskResult:
        """Join the results of all rounds into those of one task."""

        def concatenate(*arrays: Any) -> np.ndarray:
            return np.concatenate(arrays)

        points = self._join_points(rounds)
        return TaskResult(
            as_one_task(self.task(points), self.space.structures(points)),
            jax.tree.map(concatenate, *(result.curves for result in rounds)),
            sum(result.compile_seconds for result in rounds),
            sum(result.run_seconds for result in rounds),
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
    sampler: SearchSampler = "tpe",
    sample_seed: int = 0,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
    prune: Prune = None,
    out: Path | str | None = None,
    fresh: bool = False,
    on: Any = None,
    watcher: Watcher | None = None,
    log: LogFunction | str | None = None,
) -> xr.DataTree:
    """Search ranges of an optimizer's hyperparameters, in rounds of `batch` points that are trained side by side.

    >>> ranges = {"learning_rate": gl.lab.Log(1e-3, 0.1), "momentum": gl.lab.Linear(0.5, 0.99)}
    >>> budget = {"trials": 4, "batch": 2, "seeds": 2, "steps": 12}
    >>> results = gl.lab.search("ravine", gl.sgd, ranges, sampler="sobol", **budget)
    >>> results["ravine"]["round"].values.tolist()
    [0, 0, 1, 1]

    `problems` and `optimizers` are given as to `race`, but one of each. Each of the `hyperparameters` has a `Linear`,
    `Log` or `Integer` range without a count, a list of values to choose from, or text such as "log:1e-4:1". Values may
    be switches, words, schedules, or anything else that the factory takes, with names in a dictionary, and a
    hyperparameter in `When` exists only where others have certain values, as in `sweep`. Optuna chooses `trials` points
    in all; another `sample_seed` gives others. The default `sampler`, "tpe" (a tree-structured Parzen estimator),
    learns from the scores of earlier rounds. "sobol" spreads all of them evenly, whatever they score; with
    "hypergradient", half of each round follows the gradient of the final loss from the two best points. Half of the
    `seeds` guide the search, and the others report on it. With `prune`, points of a round stop early as in `sweep`, and
    Optuna is told the scores that they had. `seeds`, `steps`, `lanes`, `chunk`, `out`, `fresh`, `on`, `watcher`, `log`
    and the DataTree that is returned are as of `sweep`, with the coordinate `round` on (point). Raises ValueError or
    TypeError for what cannot be searched, MissingOptunaError without Optuna, UserCodeError if the optimizer or the
    problem fails, and FolderError for a folder that cannot be used.
    """
    command = describe_call("search", locals())
    problem = only_one(problems_by_name(problems), "problem")
    name, factory = only_one(list(factories_by_name(optimizers).items()), "optimizer")
    study = SearchStudy(
        problem, name, factory, hyperparameters, trials, batch, seeds, steps, sample_seed, lanes, chunk, sampler, prune
    )
    return run_study(study, command, out, fresh, watcher, on, log)


def _average_choosing_scores(result: TaskResult) -> np.ndarray:
    """Return the mean score of each point over the seeds for choosing; NaN if one of them diverged."""
    dataset = assembly.assemble_dataset([result])
    return mean_scores(select_role(dataset, "choose")).values[0]
