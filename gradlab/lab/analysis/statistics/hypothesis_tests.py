r"""Tests of paired differences, the correction for several tests, and the number of seeds that a test needs.

The tests are two-sided: the null hypothesis is that the differences are as often and as far above zero as below. With
mean $\bar d$ and standard deviation $s$ of $n$ differences, the paired t-test has $t = \sqrt n \, \bar d / s$, and the
effect size is Cohen's $d_z = \bar d / s$ times the factor of Hedges (1981) for small samples. Of the signed ranks of
Wilcoxon (1945), the exact distribution over all signs is used, with ties and without the differences of zero.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, nctdtr, stdtr, stdtrit

MOST_SEEDS = 10_000  # a larger number is given as infinite


def t_test(differences: np.ndarray) -> float:
    """Return the p-value of the paired t-test; NaN for fewer than two differences, or if all of them are equal."""
    effect = _standardize(differences)
    count = len(differences)
    if not np.isfinite(effect):
        return float("nan")
    return float(2 * stdtr(count - 1, -abs(effect) * np.sqrt(count)))


def signed_rank_test(differences: np.ndarray) -> float:
    """Return the exact p-value of Wilcoxon's signed-rank test; infinite differences have the highest ranks.

    It is 1 if all differences are zero. A NaN stands for the difference of two infinities, which is no difference.
    """
    known = np.nan_to_num(differences, nan=0.0, posinf=np.inf, neginf=-np.inf)
    known = known[known != 0]
    if not len(known):
        return 1.0
    finite = np.abs(known[np.isfinite(known)])
    sizes = (
        np.round(np.abs(known) / finite.max(initial=0.0), 12) if finite.size else np.abs(known)
    )  # equal but for rounding
    order = np.sort(sizes)  # the mean of the ranks of equal values, doubled so that it is whole
    doubled = np.searchsorted(order, sizes) + np.searchsorted(order, sizes, "right") + 1
    ways = np.ones(1)  # the number of choices of signs for each sum of the positive ranks
    for rank in doubled:
        longer = np.zeros(len(ways) + rank)
        longer[: len(ways)] += ways / 2
        longer[rank:] += ways / 2
        ways = longer
    positive = int(doubled[known > 0].sum())
    least = min(positive, int(doubled.sum()) - positive)
    return float(min(1.0, 2 * ways[: least + 1].sum()))


def effect_size(differences: np.ndarray) -> float:
    """Return Hedges' g of paired differences: their mean over their standard deviation, corrected for small samples.

    NaN for fewer than three differences, or if all of them are equal.
    """
    free = len(differences) - 1
    if free < 2:
        return float("nan")
    factor = np.exp(gammaln(free / 2) - gammaln((free - 1) / 2)) / np.sqrt(free / 2)
    return float(factor * _standardize(differences))


def _standardize(differences: np.ndarray) -> float:
    """Return the mean over the standard deviation; NaN where there is none, also within rounding."""
    if len(differences) < 2 or not np.isfinite(differences).all():
        return float("nan")
    spread, size = differences.std(ddof=1), np.abs(differences).max()
    return float(differences.mean() / spread) if spread > 1e-9 * size else float("nan")


def correct_by_holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected for all tests by Holm (1979): the i-th smallest times the number that are not smaller.

    NaN, a test that was planned and could not be made, counts as a test that found nothing, and stays NaN.
    """
    planned = np.where(np.isnan(p_values), 1.0, p_values)
    order = np.argsort(planned, kind="stable")
    corrected = np.empty(len(planned))
    steps = planned[order] * np.arange(len(planned), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return np.where(np.isnan(p_values), np.nan, corrected)


def t_test_power(effect: float, count: int, alpha: float) -> float:
    """Return the probability that the two-sided t-test of so many differences finds an effect size at level alpha."""
    critical, shift = stdtrit(count - 1, 1 - alpha / 2), abs(effect) * np.sqrt(count)
    missed, reversed_ = (nctdtr(count - 1, shift, end) for end in (critical, -critical))
    return float(1 - np.nan_to_num(missed) + np.nan_to_num(reversed_))  # SciPy gives NaN where they are nearly zero


def count_seeds_needed(effect: float, alpha: float, power: float) -> float:
    """Return the least number of differences with which the t-test has a power at level alpha; infinite above 10,000.

    NaN for an effect that is not known. It is at least 3.
    """
    if not np.isfinite(effect):
        return float("nan")
    high = 3
    while t_test_power(effect, high, alpha) < power:
        high *= 2
        if high > 2 * MOST_SEEDS:
            return float("inf")
    low = max(high // 2, 2)  # too few, or one below the least that is tried
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if t_test_power(effect, middle, alpha) >= power else (middle, high)
    return float(high) if high <= MOST_SEEDS else float("inf")
