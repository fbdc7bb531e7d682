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
from gradlab.lab.analysis.comparison import select_reporting_runs
from gradlab.lab.analysis.drawn_scores import to_drawn_scores
from gradlab.lab.analysis.late_window import late_evaluations
from gradlab.lab.analysis.leaderboard import Row, leaderboard, mean_scores
from gradlab.lab.problems import PROBLEMS


class Results(NamedTuple):
    """The results of all baselines on a problem."""

    dataset: xr.Dataset
    rows: dict[str, Row]  # of the leaderboard, by the names of the optimizers

    def describe(self, name: str) -> str:
        """Return the score of an optimizer at its best rate, and its rank; equals share the mean of their ranks."""
        row = self.rows[name]
        if np.isnan(row.score):
            return "diverges at every rate"
        label, score = self.dataset.attrs["score_label"], format_score(row.score, self.dataset.attrs)
        rank = f"rank {self._mean_rank(row):g} of {len(self.rows)}"
        if row.diverged_at_best:  # what the leaderboard ranks last
            return (
                f"some runs diverge at rate {format_number(row.best_rate)} with other seeds; {label} {score} without "
                f"them, {rank}"
            )
        return f"{label} {score} at rate {format_number(row.best_rate)}{' *' if row.at_edge else ''}, {rank}"

    def describe_drawn(self, name: str) -> str:
        """Return how the run whose path is drawn ends, if that is far from the score; else "".

        It is that of the first reporting seed, and the score is an average over all of them that did not diverge.
        """
        run = select_reporting_runs(self.dataset).sel(optimizer=name).isel(seed=0)
        if bool(run.diverged):
            return "; the run drawn is one that diverges"
        attrs = self.dataset.attrs
        loss = float(late_evaluations(run)[attrs["score"]].mean())
        if np.isnan(self.rows[name].score) or loss <= attrs["tolerance"] * self.rows[name].score:
            return ""
        return f"; the run drawn has {attrs['score_label']} {format_score(loss, attrs)}"

    def _mean_rank(self, row: Row) -> float:
        """Return the mean of the ranks that its equals share. All of which a run diverged are equal."""
        lost = [other for other in self.rows.values() if other.diverged_at_best or np.isnan(other.score)]
        if row in lost:
            return len(self.rows) - (len(lost) - 1) / 2
        return row.rank + (sum(other.rank == row.rank for other in self.rows.values()) - 1) / 2

    def describe_good_rates(self, name: str, is_lowest_good: bool = False) -> str:
        """Return how wide the range of good rates is, and what is good; "" if every run diverged.

        No width is known where even the lowest rate is good: the range may go on below it, or no rate gets far.
        """
        row = self.rows[name]
        if np.isnan(row.good_decades):
            return ""
        tolerance, width = self.dataset.attrs["tolerance"], f"{row.good_decades:.1f}"
        points = f"{100 * tolerance:g} percentage point" + "s" * (tolerance != 0.01)
        reach = f"a factor of {tolerance:g}" if self.dataset.attrs["logarithmic"] else points
        if width == "0.0":
            return f"; no other rate is within {reach} of it"
        if is_lowest_good:
            return f"; even the lowest rate tried is within {reach} of it, so that no width of good rates is known"
        return f"; good rates, within {reach}, over {width} decades"


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
