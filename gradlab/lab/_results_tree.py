"""The results of a study as an xarray.DataTree: a node for each problem, and the accessor `.gradlab` to read them.

    results = gl.lab.race(["digits", "ravine"], ["adam", "sgd"])
    results.gradlab.leaderboard("digits")

The accessor is on Datasets, too, such as `results["digits"].to_dataset()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import xarray as xr

from ._formatting import join_at_most
from ._inputs.user_errors import read_failures
from ._results.results_file import read
from .analysis.comparison import ranks, verdict
from .analysis.configurations import rank_configurations
from .analysis.leaderboard import leaderboard
from .analysis.sweep_as_race import as_race, unstack
from .analysis.tuned_optimizers import tuned_leaderboard

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Best(NamedTuple):
    """The best configuration of an optimizer, chosen on some seeds, and its score on the others."""

    optimizer: str
    hyperparameters: dict[str, float | str]  # those that were varied; empty if every run diverged
    score: float  # NaN if every run diverged


def read_results(path: Path | str) -> xr.DataTree:
    """Return the results of a race, a sweep or a search as a tree with a node for each problem, in memory.

    `path` is the folder of the study, or the `results.nc` in it; the attributes of the root say where the results come
    from. Raises TypeError for what is no path, FileNotFoundError, and ResultsError for a file that is damaged or that
    no study wrote.

    >>> results = gl.lab.race("ravine", "sgd", rates=2, seeds=2, steps=12, out="race")
    >>> gl.lab.read_results("race").equals(results)
    True
    """
    if not isinstance(path, str | Path):
        raise TypeError(
            f"read_results takes the folder of a study, as text or a Path; got {type(path).__name__}: {path!r}"
        )
    try:
        return as_tree(*read(path))
    except FileNotFoundError:
        found = f"the folder {path} holds no results.nc" if Path(path).is_dir() else f"there is no {path}"
        raise FileNotFoundError(
            f"{found}; pass the folder of a finished study, the `out` of a race, sweep or search, or its results.nc"
        ) from None


def as_tree(datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> xr.DataTree:
    """Return a tree with a node for each Dataset by problem, whose root has the attributes."""
    tree = xr.DataTree.from_dict(dict(datasets), name="results")
    tree.attrs.update(attributes)
    return tree


@xr.register_datatree_accessor("gradlab")
@xr.register_dataset_accessor("gradlab")
class ResultsAccessor:
    """The results of a study, for people: leaderboards, best configurations, figures and the report.

    Each method takes the name of a problem; it may be left out where the results are of one problem only.

    >>> results = gl.lab.race("ravine", ["sgd", "adam"], rates=3, seeds=2, steps=12)
    >>> results.gradlab.best().optimizer
    'adam'
    """

    def __init__(self, results: xr.DataTree | xr.Dataset):
        self._results = results

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the problems."""
        return tuple(self._datasets)

    @property
    def failures(self) -> Mapping[str, Mapping[str, str]]:
        """The optimizers that failed and are not in the results: problem -> optimizer -> reason."""
        attributes = dict(self._results.attrs)
        return read_failures(attributes) if "failed" in attributes else {}

    def dataset(self, problem: str | None = None) -> xr.Dataset:
        """Return the Dataset of a problem: on (optimizer, rate, seed, ...) for a race, else (optimizer, point, seed,
        ...).

        In a Dataset, `.path` is the path of a run, where a node of the tree has its own place in the tree under that
        name. Raises ValueError for an unknown problem, and where several are possible.
        """
        datasets = self._datasets
        if problem is None and len(datasets) == 1:
            return next(iter(datasets.values()))
        if problem not in datasets:
            given = "there are several problems; name one of them" if problem is None else f"no problem {problem!r}"
            raise ValueError(f"{given}: {join_at_most(list(datasets), 12) or 'these results have none'}")
        return datasets[problem]

    def leaderboard(self, problem: str | None = None) -> pd.DataFrame:
        """Return the optimizers, best first, each at its best configuration, as a table with a row for each.

        The configuration is chosen on half of the seeds, and the score is the mean over the others. The columns of a
        race are those of `leaderboard.csv`, and of a sweep or search the rank, the optimizer, its hyperparameters, the
        score, its spread, and the ranks that other seeds could have given it.
        """
        dataset = self.dataset(problem)
        if "point" not in dataset.dims:
            return pd.DataFrame(leaderboard(dataset)).set_index("rank")
        rows, _ = tuned_leaderboard(dataset)
        return _with_columns([row._asdict() for row in rows]).set_index("rank")

    def configurations(self, problem: str | None = None) -> pd.DataFrame:
        """Return all configurations of a sweep or a search, best first, as a table with a row for each.

        Raises ValueError for a race, which varies the learning rate only.
        """
        rows = rank_configurations(self.dataset(problem))
        return _with_columns([row._asdict() for row in rows]).set_index("rank")

    def best(self, problem: str | None = None, optimizer: str | None = None) -> Best:
        """Return the best configuration of an optimizer, or of the optimizer that ranks first.

        Raises ValueError for an unknown optimizer.
        """
        dataset = self.dataset(problem)
        if "point" in dataset.dims:
            tuned, _ = tuned_leaderboard(dataset)
            rows = [Best(row.optimizer, row.hyperparameters, row.score) for row in tuned]
        else:
            rows = [
                Best(row.optimizer, {} if isnan(row.best_rate) else {"learning_rate": row.best_rate}, row.score)
                for row in leaderboard(dataset)
            ]
        for row in rows:
            if optimizer in (None, row.optimizer):
                return row
        raise ValueError(f"no optimizer {optimizer!r}: {join_at_most([row.optimizer for row in rows], 20)}")

    def verdict(self, problem: str | None = None) -> list[str]:
        """Return what the results say about the optimizer that ranks first, and how sure that is, in sentences."""
        dataset = self.dataset(problem)
        if "point" in dataset.dims:
            return tuned_leaderboard(dataset)[1]
        return verdict(leaderboard(dataset), ranks(dataset))

    def unstack(self, problem: str | None = None) -> xr.Dataset:
        """Return the Dataset of a grid with a dimension for each hyperparameter in the place of `point`.

        Raises ValueError for samples, which do not lie on a grid, and for a race.
        """
        return unstack(self.dataset(problem))

    def as_race(self, problem: str | None = None) -> xr.Dataset:
        """Return a grid with learning rates as a race: each combination of other hyperparameters is a contestant."""
        return as_race(self.dataset(problem))

    def tuning_budget(self, problem: str | None = None) -> pd.DataFrame:
        """Return the score that each optimizer is expected to reach after so many trials of tuning.

        The columns and the method are those of `gradlab.lab.analysis.statistics.tuning_budget`, and a row is an
        optimizer and a number of trials.
        """
        from .analysis.statistics import tuning_budget

        return tuning_budget(self.dataset(problem)).drop_vars("family").to_dataframe()

    def rate_sensitivity(self, problem: str | None = None, rates: tuple[float, float] | None = None) -> pd.DataFrame:
        """Return what a learning rate that was not tuned costs each optimizer, the least sensitive first.

        The columns and the method are those of `gradlab.lab.analysis.statistics.rate_sensitivity`. `rates` are the ends
        of the range, by default the whole grid of each optimizer. A grid of more hyperparameters is taken as a race
        (see `as_race`). Raises ValueError where there is no grid of learning rates.
        """
        from .analysis.statistics import rate_sensitivity

        return rate_sensitivity(self.as_race(problem), rates).to_dataframe().sort_values("sensitivity")

    def pairwise_tests(self, problem: str | None = None, measure: str = "score", **options: Any) -> pd.DataFrame:
        """Return a test of each pair of optimizers, each at its best configuration, over the seeds that report.

        `measure` is "score", "steps" or "seconds". The columns and the `options` (target, against, test, alpha, power)
        are those of `gradlab.lab.analysis.statistics.pairwise_tests`.
        """
        from .analysis.statistics import pairwise_tests, tuned_race

        return pairwise_tests(tuned_race(self.dataset(problem)), measure, **options).to_dataframe()  # type: ignore[arg-type]

    def time_to_target(self, problem: str | None = None, target: float | None = None) -> pd.DataFrame:
        """Return the updates and the seconds that each optimizer takes to a target, the fastest first.

        The columns and the default of the target are those of `gradlab.lab.analysis.statistics.time_to_target`.
        """
        from .analysis.statistics import time_to_target, tuned_race

        return time_to_target(tuned_race(self.dataset(problem)), target).to_dataframe().sort_values("steps")

    def interquartile_means(self) -> pd.DataFrame:
        """Return the interquartile mean of the normalized scores of each optimizer over all problems, best first.

        The columns and the method are those of `gradlab.lab.analysis.statistics.interquartile_means`.
        """
        from .analysis.statistics import interquartile_means, tuned_race

        races = {name: tuned_race(dataset) for name, dataset in self._datasets.items()}
        return interquartile_means(races).to_dataframe().sort_values("mean", ascending=False)

    def improvement_probabilities(self) -> pd.DataFrame:
        """Return the probability that a run of an optimizer is better than a run of another, over all problems.

        The columns and the method are those of `gradlab.lab.analysis.statistics.improvement_probabilities`.
        """
        from .analysis.statistics import improvement_probabilities, tuned_race

        races = {name: tuned_race(dataset) for name, dataset in self._datasets.items()}
        return improvement_probabilities(races).to_dataframe()

    def critical_differences(self, **options: Any) -> pd.DataFrame:
        """Return the mean rank of each optimizer over all problems, best first, and the p-values of all pairs.

        A row is an optimizer; its columns are `mean_rank` and one for each optimizer, with the p-value of that pair.
        The `options` (post_hoc, alpha) and the method are those of
        `gradlab.lab.analysis.statistics.critical_differences`.
        """
        from .analysis.statistics import critical_differences, tuned_race

        races = {name: tuned_race(dataset) for name, dataset in self._datasets.items()}
        table = critical_differences(races, **options)
        return table.mean_rank.to_dataframe().join(table.p.to_pandas())

    def figures(self) -> dict[str, Figure]:
        """Return all figures of Matplotlib by the names of their files, such as "learning_curves_digits"."""
        from ._report.picture_files import all_figures

        return all_figures(self._datasets)

    def report(self, path: Path | str = "report.html") -> Path:
        """Write a page that needs no network, and return its path. Raises OSError if it cannot be written."""
        from ._report import write_report

        path = Path(path)
        write_report(self._datasets, {str(name): str(value) for name, value in self._results.attrs.items()}, path)
        return path

    @property
    def _datasets(self) -> dict[str, xr.Dataset]:
        results = self._results
        if isinstance(results, xr.Dataset):
            return {str(results.attrs.get("problem", "")): results}
        if results.has_data:
            return {str(results.name): results.to_dataset()}
        return {str(name): node.to_dataset() for name, node in results.children.items()}


def _with_columns(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table in which each hyperparameter is a column of its own."""
    names = list(dict.fromkeys(name for row in rows for name in row["hyperparameters"]))
    table = []
    for row in rows:
        settings = row.pop("hyperparameters")
        first = {"rank": row.pop("rank"), "optimizer": row.pop("optimizer")}
        table.append(first | {name: settings.get(name) for name in names} | row)
    return pd.DataFrame(table)
