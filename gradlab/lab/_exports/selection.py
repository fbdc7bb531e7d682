"""Which runs of a study leave it: some problems, optimizers and seeds, and all configurations or the best ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._formatting import join_at_most
from .._inputs.argument_checks import require_whole_number
from .._storage.mapped_arrays import release
from ..analysis.leaderboard import mean_scores, select_role, to_badness


class SelectionError(ValueError):
    """The study has nothing of that name, or nothing was selected."""


@dataclass(frozen=True)
class Selection:
    """A selection of the runs of a study. None stands for all.

    Raises SelectionError for a name or a seed that the study does not have, and ValueError or TypeError for a number of
    best configurations that is not a whole number of at least one.
    """

    problems: Sequence[str] | None = None
    optimizers: Sequence[str] | None = None
    seeds: Sequence[int] | None = None
    best: int | None = None  # configurations of each optimizer on each problem

    def __post_init__(self) -> None:
        if self.best is not None:
            require_whole_number("best", self.best)

    def find(self, datasets: Mapping[str, xr.Dataset]) -> list[Runs]:
        """Return the selected runs of each problem. Numbers of runs count all runs of the study, selected or not."""
        _require("problem", self.problems, list(datasets))
        known = [str(name) for dataset in datasets.values() for name in dataset.optimizer.values]
        _require("optimizer", self.optimizers, known)
        _require("seed", self.seeds, [int(seed) for dataset in datasets.values() for seed in dataset.seed.values])
        found, first = [], 0
        for problem, dataset in datasets.items():
            if self.problems is None or problem in self.problems:
                found.append(self._find_runs(problem, dataset, first))
            first += dataset.diverged.size
        return found

    def _find_runs(self, problem: str, dataset: xr.Dataset, first: int) -> Runs:
        names, seeds = dataset.optimizer.values.astype(str), dataset.seed.values
        optimizers = np.flatnonzero(_contains(self.optimizers, names))
        count = dataset.sizes[find_axis(dataset)]
        points = {int(index): np.arange(count) for index in optimizers}
        if self.best is not None and self.best < count:
            points = _find_best(dataset, optimizers, self.best)
        return Runs(problem, dataset, first, points, np.flatnonzero(_contains(self.seeds, seeds)))


class Runs(NamedTuple):
    """The selected runs of one problem."""

    problem: str
    dataset: xr.Dataset
    first: int  # the number of the first run of the problem, among all runs of the study
    points: Mapping[int, np.ndarray]  # index of the optimizer -> the indices of its configurations, ascending
    seeds: np.ndarray  # the indices of the seeds

    @property
    def run_count(self) -> int:
        """The number of runs."""
        return sum(map(len, self.points.values())) * len(self.seeds)

    def blocks(self, runs: int) -> Iterator[Block]:
        """Yield the runs in blocks of whole configurations, of about so many runs each."""
        step = max(1, runs // max(1, len(self.seeds)))
        for optimizer, points in self.points.items():
            for start in range(0, len(points), step):
                yield Block(self, optimizer, points[start : start + step])


class Block(NamedTuple):
    """Some configurations of one optimizer with all selected seeds: its runs lie in the order (configuration, seed)."""

    runs: Runs
    optimizer: int
    points: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """The number of configurations and of seeds."""
        return len(self.points), len(self.runs.seeds)

    def numbers(self) -> np.ndarray:
        """Return the number of each run, on (run,): its place among all runs of the study, whatever is selected."""
        sizes = self.runs.dataset.diverged.shape
        grid = np.ix_(np.array([self.optimizer]), self.points, self.runs.seeds)
        return self.runs.first + np.ravel_multi_index(grid, sizes).ravel()

    def read(self, name: str) -> np.ndarray:
        """Return a variable of these runs, on (run, ...), as the file has it. Only these are read of a large one."""
        array = self.runs.dataset[name].values[self.optimizer]
        start, stop = int(self.points[0]), int(self.points[-1]) + 1
        some = array[start:stop] if stop - start == len(self.points) else array[self.points]
        copied = some[:, self.runs.seeds].reshape(-1, *array.shape[2:])
        release(array)
        return copied


def find_axis(dataset: xr.Dataset) -> str:
    """Return the dimension of the configurations: `point` in a sweep or a search, `rate` in a race."""
    return "point" if "point" in dataset.dims else "rate"


def list_hyperparameters(dataset: xr.Dataset) -> list[str]:
    """Return the coordinates that describe a configuration: its hyperparameters, and the round of a search."""
    dimensions = {"optimizer", find_axis(dataset)}
    own = {"optimizer", "family", "composition", find_axis(dataset)}
    found = [str(name) for name, array in dataset.coords.items() if array.dims and set(array.dims) <= dimensions]
    return [name for name in found if name not in own]


def _find_best(dataset: xr.Dataset, optimizers: Any, count: int) -> dict[int, np.ndarray]:
    """Return the configurations with the best scores on the choosing seeds; those with a diverged run come last."""
    scores = mean_scores(select_role(dataset, "choose")).transpose("optimizer", find_axis(dataset)).values
    order = np.argsort(to_badness(scores, dataset.attrs), axis=1, kind="stable")
    return {int(index): np.sort(order[index, :count]) for index in optimizers}


def _contains(wanted: Sequence[Any] | None, values: np.ndarray) -> np.ndarray:
    return np.ones(len(values), bool) if wanted is None else np.isin(values, np.asarray(wanted))


def _require(kind: str, wanted: Sequence[Any] | None, known: Sequence[Any]) -> None:
    known = list(dict.fromkeys(known))
    for name in wanted or ():
        if name not in known:
            raise SelectionError(f"the study has no {kind} {name!r}; it has {join_at_most(list(map(str, known)), 20)}")
