"""Is one optimizer better than another? The paired difference of their scores, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..analysis.leaderboard import TINY
from .summaries import Summary
from .verdicts import Check

CONFIDENCE = 0.95


class Difference(NamedTuple):
    """The mean of paired differences, and its interval by Student's t; above zero if the first one is better."""

    mean: float
    low: float
    high: float

    def exceeds(self, margin: float = 0.0) -> Check:
        """Say whether the difference is larger than a margin: None if the interval holds the margin."""
        return True if self.low > margin else False if self.high < margin else None

    def times(self, factor: float) -> Difference:
        """Return the difference in another unit."""
        return Difference(factor * self.mean, factor * self.low, factor * self.high)


def compare(problem: Summary, first: str, second: str) -> Difference:
    """Compare two optimizers of a race, each at its chosen rate, from the same seeds.

    The difference is in decades if the score is logarithmic (0.3: half the loss), else in the unit of the score.
    """
    scores = [problem["optimizers"][name]["scores"] for name in (first, second)]
    return compare_scores(problem, *scores)


def compare_scores(problem: Summary, first: Sequence[float | None], second: Sequence[float | None]) -> Difference:
    """Compare the scores of two from the same seeds. One that diverged is infinitely worse."""
    lost = [None in scores for scores in (first, second)]
    if any(lost):
        mean = math.nan if all(lost) else math.inf if lost[1] else -math.inf
        return Difference(mean, mean, mean)
    values = [np.array(scores, float) for scores in (first, second)]
    if problem["logarithmic"]:
        values = [np.log10(np.maximum(scores, max(TINY, problem["floor"]))) for scores in values]
    sign = 1 if problem["higher_is_better"] else -1
    return interval(sign * (values[0] - values[1]))


def interval(differences: np.ndarray) -> Difference:
    """Return the mean of differences with the interval in which their true mean lies, at a confidence of 95 %."""
    from scipy.stats import t

    mean, count = float(differences.mean()), len(differences)
    if count < 2:
        return Difference(mean, -math.inf, math.inf)
    half = float(t.ppf((1 + CONFIDENCE) / 2, count - 1) * differences.std(ddof=1) / math.sqrt(count))
    return Difference(mean, mean - half, mean + half)


def is_better(problem: Summary, first: str, second: str, margin: float = 0.0) -> Check:
    """Say whether one optimizer is better than another, by more than a margin; None if chance may have decided."""
    return compare(problem, first, second).exceeds(margin)
