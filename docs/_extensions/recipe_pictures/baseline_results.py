"""The results of the recipes in the baselines that come with gradlab."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import xarray as xr

from gradlab.lab._baselines.baseline_file import read_baseline
from gradlab.lab._baselines.catalog import SHIPPED, list_baselines, list_changed, locate
from gradlab.lab._baselines.definitions import digest_definition
from gradlab.lab._baselines.expansion import expand_alone
from gradlab.lab._report.number_formatting import format_number, format_score
from gradlab.lab.analysis.choosing_metric import with_choosing_metric
from gradlab.lab.analysis.drawn_scores import to_drawn_scores
from gradlab.lab.analysis.leaderboard import Row, leaderboard, mean_scores
from gradlab.lab.problems import PROBLEMS


class Results(NamedTuple):
    """The results of all baselines on a problem."""

    dataset: xr.Dataset
    rows: dict[str, Row]  # of the leaderboard, by the names of the optimizers

    def describe(self, name: str) -> str:
        """Return the score of an optimizer at its best rate, and its rank."""
        row = self.rows[name]
        if np.isnan(row.score):
            return "diverges at every rate"
        label, score = self.dataset.attrs["score_label"], format_score(row.score, self.dataset.attrs)
        return f"{label} {score} at rate {format_number(row.best_rate)}, rank {row.rank} of {len(self.rows)}"

    def describe_good_rates(self, name: str) -> str:
        """Return how wide the range of good rates is; "" if every run diverged."""
        row = self.rows[name]
        return "" if np.isnan(row.good_decades) else f"; good rates over {row.good_decades:.1f} decades"


class Curves(NamedTuple):
    """The score of each optimizer at each learning rate as it is drawn: lower is better, NaN where runs diverged."""

    rates: np.ndarray  # (rate,)
    scores: dict[str, np.ndarray]  # each (rate,): the average over all seeds of the metric that chooses
    label: str  # of the score, such as "loss" or "test error (%)"


@functools.cache
def read_results(problem: str) -> Results:
    """Return the results on a problem of gradlab, without those of recipes that have changed.

    The file is read without a look at the settings of JAX, which would start it: Sphinx forks the processes that read
    pages, and JAX does not bear that. Raises ValueError if the code of the problem is not that of the file.
    """
    baseline = read_baseline(list_baselines(locate(SHIPPED))[problem])
    if digest_definition(PROBLEMS[problem]()) != baseline.definition:
        raise ValueError(f"the code of {problem} is not that of its baseline; renew it: gradlab baselines")
    same = ~np.isin(baseline.dataset.optimizer.values, list_changed(baseline))
    dataset = expand_alone(baseline.dataset.isel(optimizer=same))
    return Results(dataset, {row.optimizer: row for row in leaderboard(dataset)})


@functools.cache
def read_curves(problem: str) -> Curves:
    """Return how the scores on a problem depend on the learning rate."""
    dataset = with_choosing_metric(read_results(problem).dataset)
    drawn, label = to_drawn_scores(dataset, mean_scores(dataset))
    scores = {str(name): drawn.sel(optimizer=name).values for name in dataset.optimizer.values}
    return Curves(dataset.learning_rate.values[0], scores, label)
