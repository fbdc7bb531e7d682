"""The numbers that the baselines of gradlab give for each recipe: `read()`.

All of it follows from the files of the baselines by the rules of the laboratory: half of the seeds choose the learning
rate, the others give the score at it, and a diverged run is worse than any other.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from gradlab.lab._baselines.baseline_file import Baseline, read_baseline
from gradlab.lab._baselines.catalog import SHIPPED, list_baselines, list_changed, locate
from gradlab.lab._baselines.definitions import digest_definition
from gradlab.lab._baselines.expansion import expand_alone
from gradlab.lab._literature_claims.comparisons import Difference, interval
from gradlab.lab.analysis.leaderboard import (
    best_rate_index,
    final_scores,
    mean_scores,
    measure_good_range,
    select_role,
    to_level,
)
from gradlab.lab.analysis.shared_ranks import absorb_rounding, mean_ranks
from gradlab.lab.problems import PROBLEMS


class Measured(NamedTuple):
    """The results of all recipes on one problem. Axes: (optimizer), (optimizer, seed) or (optimizer, rate)."""

    problem: str
    names: list[str]
    with_data: bool  # a validation sample chooses the rate, and a test sample gives the score
    updates: int
    rates: np.ndarray  # (rate,)
    best: np.ndarray  # (optimizer,), the index of the chosen rate; -1 if runs diverged at every rate
    badness: (
        np.ndarray
    )  # (optimizer, seed), of the reporting seeds at that rate, in decades if the score is logarithmic
    ranks: np.ndarray  # (optimizer,), from 1; equals share the mean of their ranks
    widths: np.ndarray  # (optimizer,), decades of good rates around the chosen one; NaN if runs diverged at every rate
    good: np.ndarray  # (optimizer, rate), whether the rate is within the problem's tolerance of the chosen one
    diverged: np.ndarray  # (optimizer, rate), the share of the seeds whose runs diverged

    def compare(self, one: str, other: str) -> Difference:
        """Return by how much one is better than the other from the same seeds, with the interval of Student's t.

        One that diverged is infinitely worse.
        """
        ours, theirs = (self.badness[self.names.index(name)] for name in (one, other))
        lost = [bool(np.isinf(values).any()) for values in (ours, theirs)]
        if any(lost):
            mean = 0.0 if all(lost) else -np.inf if lost[0] else np.inf
            return Difference(mean, mean, mean)
        return interval(theirs - ours)


@functools.cache
def read() -> dict[str, Measured]:
    """Return what was measured on each problem, without the recipes that have changed since.

    Raises ValueError if the code of a problem is not that of its file.
    """
    found, changed = {}, {}
    for problem, path in list_baselines(locate(SHIPPED)).items():
        baseline = read_baseline(path)
        if digest_definition(PROBLEMS[problem]()) != baseline.definition:
            raise ValueError(f"the code of {problem} is not that of its baseline; renew it: gradlab baselines")
        digests = tuple(baseline.dataset.composition.values.tolist())
        if digests not in changed:  # all baselines that were made together have the same
            changed[digests] = list_changed(baseline)
        found[problem] = measure(baseline, changed[digests])
    return found


def measure(baseline: Baseline, changed: list[str]) -> Measured:
    """Return the results of one baseline, without those of some optimizers."""
    kept = baseline.dataset.isel(optimizer=~np.isin(baseline.dataset.optimizer.values, changed))
    dataset = expand_alone(kept)
    attributes, rates = dataset.attrs, dataset.learning_rate.values[0]
    best = best_rate_index(dataset).values
    curves = mean_scores(select_role(dataset, "choose")).transpose("optimizer", "rate").values
    scores = final_scores(select_role(dataset, "report")).transpose("optimizer", "rate", "seed").values
    reported = np.where(best[:, None] < 0, np.nan, scores[np.arange(len(best)), best])
    badness = to_level(reported, attributes)
    alive = [
        measure_good_range(rates, curve, at, attributes)[0] if at >= 0 else np.nan for curve, at in zip(curves, best)
    ]
    return Measured(
        problem=str(attributes["problem"]),
        names=[str(name) for name in dataset.optimizer.values],
        with_data="chosen_by" in attributes,
        updates=baseline.steps,
        rates=rates,
        best=best,
        badness=badness,
        ranks=mean_ranks(absorb_rounding(badness.mean(1))),
        widths=np.array(alive),
        good=find_good(curves, best, attributes),
        diverged=dataset.diverged.transpose("optimizer", "rate", "seed").values.mean(-1),
    )


def find_good(curves: np.ndarray, best: np.ndarray, attributes: dict) -> np.ndarray:
    """Return at which rates the score (optimizer, rate) is within the tolerance of that at the chosen rate."""
    level = to_level(curves, attributes)
    slack = np.log10(attributes["tolerance"]) if attributes["logarithmic"] else attributes["tolerance"]
    chosen = level[np.arange(len(best)), best]
    return (best >= 0)[:, None] & (level <= (chosen + slack)[:, None])
