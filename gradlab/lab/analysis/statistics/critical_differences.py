r"""Mean ranks over several problems, and which of their differences are critical.

The test of Friedman (1937) asks whether all optimizers are alike; here it is the $F$ of Iman & Davenport (1980),
$F = (N - 1) \chi^2 / (N (k - 1) - \chi^2)$, for $k$ optimizers on $N$ problems. Only if it rejects that, pairs are
tested: by the signed-rank test with Holm's correction, as Benavoli, Corani & Mangili (2016) advise, or by Nemenyi's
test, by which mean ranks differ if they are $q_\alpha \sqrt{k (k + 1) / 6 N}$ apart. Source: Demšar (2006),
"Statistical Comparisons of Classifiers over Multiple Data Sets".
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import xarray as xr
from scipy.special import fdtrc

from ..._formatting import format_count
from ..shared_ranks import absorb_rounding, mean_ranks
from .aggregates import normalize_scores
from .hypothesis_tests import correct_by_holm, signed_rank_test
from .many_problems import find_common_optimizers

PostHoc = Literal["wilcoxon", "nemenyi"]
FEWEST_PROBLEMS = 5  # with which the distribution of the test of Friedman is a fair approximation


def critical_differences(
    datasets: Mapping[str, xr.Dataset], post_hoc: PostHoc = "wilcoxon", alpha: float = 0.05
) -> xr.Dataset:
    """Return the mean rank of each optimizer over the problems of a race, and which pairs differ.

    Each optimizer is at its chosen rate. Its score on a problem is the mean of the normalized scores of the reporting
    seeds (see `interquartile_means`), because the signed-rank test compares differences on different problems. Equal
    scores share the mean of their ranks.

    Best first, on (optimizer): `mean_rank`, and on (optimizer, other): `p`, the p-value of the pair, with "wilcoxon"
    corrected by Holm (1979), with "nemenyi" for all pairs by itself; `differs`, whether it is at most `alpha` and the
    test of Friedman rejects that all are alike. The attributes are `chi_squared`, `f` and `friedman_p` (NaN for two
    optimizers, which need no such test), `critical_difference` (NaN with "wilcoxon"), `problems`, `post_hoc` and
    `alpha`.

    Raises ValueError for fewer than two optimizers on all problems, for an unknown test or level, and for so few
    problems that the tests could tell nothing apart: fewer than five, or where even the smallest possible p-value, or
    the largest possible difference of ranks, is not significant. Nemenyi's test needs three optimizers.
    """
    if post_hoc not in get_args(PostHoc):
        raise ValueError(f"post_hoc must be one of {', '.join(get_args(PostHoc))}; got {post_hoc!r}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1; got {alpha}")
    names = find_common_optimizers(datasets)
    scores = np.stack(
        [absorb_rounding(normalize_scores(dataset.sel(optimizer=names)).mean(1)) for dataset in datasets.values()]
    )
    return compare_scores(scores, names, post_hoc, alpha)


def compare_scores(scores: np.ndarray, names: list[str], post_hoc: PostHoc, alpha: float) -> xr.Dataset:
    """Return the Dataset of `critical_differences` of scores on (problem, optimizer), where more is better."""
    problems, count = scores.shape
    _require_enough(problems, count, post_hoc, alpha)
    ranks = np.stack([mean_ranks(-of_problem) for of_problem in scores])
    order = np.argsort(ranks.mean(0), kind="stable")
    scores, ranks, names = scores[:, order], ranks[:, order], [names[index] for index in order]
    chi_squared, f, friedman_p = friedman_test(ranks) if count > 2 else (np.nan, np.nan, np.nan)
    p, critical = np.ones((count, count)), np.nan
    if post_hoc == "nemenyi":
        p, critical = _test_by_nemenyi(ranks.mean(0), problems, alpha)
    else:
        pairs = list(combinations(range(count), 2))
        corrected = correct_by_holm(np.array([signed_rank_test(scores[:, i] - scores[:, j]) for i, j in pairs]))
        for (i, j), value in zip(pairs, corrected):
            p[i, j] = p[j, i] = value
    is_rejected = count == 2 or friedman_p <= alpha
    return xr.Dataset(
        {
            "mean_rank": ("optimizer", ranks.mean(0)),
            "p": (("optimizer", "other"), p),
            "differs": (("optimizer", "other"), (p <= alpha) & is_rejected),
        },
        {"optimizer": names, "other": names},
        {
            "chi_squared": chi_squared, "f": f, "friedman_p": friedman_p, "critical_difference": critical,
            "problems": problems, "post_hoc": post_hoc, "alpha": alpha,
        },
    )  # fmt: skip


def _require_enough(problems: int, count: int, post_hoc: str, alpha: float) -> None:
    """Raise ValueError if no result on so few problems could be significant."""
    if problems < FEWEST_PROBLEMS:
        raise ValueError(
            f"{format_count(problems, 'problem')} cannot show which optimizers differ over problems; use "
            f"{FEWEST_PROBLEMS} or more"
        )
    if post_hoc == "wilcoxon":
        pairs = count * (count - 1) // 2
        needed = int(np.ceil(np.log2(2 * pairs / alpha)))  # 2 / 2^N is the least p-value
        if problems < needed:
            raise ValueError(
                f"{problems} problems cannot show which of {count} optimizers differ: the least p-value of a "
                f"signed-rank test is {2.0 ** (1 - problems):.2g}, for {format_count(pairs, 'pair')}; use {needed} "
                "problems or more, fewer optimizers, or the test of Nemenyi"
            )
    elif count < 3:
        raise ValueError("the test of Nemenyi is for three optimizers or more; compare two by that of Wilcoxon")
    elif (critical := find_critical_difference(count, problems, alpha)) > count - 1:
        raise ValueError(
            f"{problems} problems cannot show which of {count} optimizers differ: the critical difference of mean "
            f"ranks is {critical:.2f}, and the largest possible one is {count - 1}; use more problems"
        )


def friedman_test(ranks: np.ndarray) -> tuple[float, float, float]:
    """Return Friedman's chi-squared, corrected for ties, the F of Iman & Davenport, and its p-value.

    `ranks` are on (problem, optimizer). All ties give 0, NaN and 1; perfect agreement an infinite F.
    """
    problems, count = ranks.shape
    within = ((ranks - (count + 1) / 2) ** 2).sum() / (problems * (count - 1))  # k (k + 1) / 12 without ties
    if within == 0:
        return 0.0, float("nan"), 1.0
    chi_squared = problems * ((ranks.mean(0) - (count + 1) / 2) ** 2).sum() / within
    rest = problems * (count - 1) - chi_squared
    if rest < 1e-9:
        return float(chi_squared), float("inf"), 0.0
    f = (problems - 1) * chi_squared / rest
    return float(chi_squared), float(f), float(fdtrc(count - 1, (count - 1) * (problems - 1), f))


def find_critical_difference(count: int, problems: int, alpha: float) -> float:
    """Return the difference of mean ranks from which on two of `count` optimizers differ by Nemenyi's test."""
    from scipy.stats import studentized_range  # which takes half a second to import

    return float(studentized_range.ppf(1 - alpha, count, np.inf) * _error_of_ranks(count, problems))


def _error_of_ranks(count: int, problems: int) -> float:
    """Return the standard error of a mean rank, sqrt(k (k + 1) / 12 N)."""
    return float(np.sqrt(count * (count + 1) / (12 * problems)))


def _test_by_nemenyi(mean_ranks: np.ndarray, problems: int, alpha: float) -> tuple[np.ndarray, float]:
    """Return the p-value of each pair by the distribution of the studentized range, and the critical difference."""
    from scipy.stats import studentized_range

    count = len(mean_ranks)
    distances = np.abs(mean_ranks[:, None] - mean_ranks) / _error_of_ranks(count, problems)
    return studentized_range.sf(distances, count, np.inf), find_critical_difference(count, problems, alpha)


def find_groups(table: xr.Dataset) -> list[list[int]]:
    """Return the largest groups of two or more optimizers of which no pair differs, as places in the order of ranks.

    Wilcoxon's test may tell an optimizer from another one and not from one that ranks lower still, so the places of a
    group need not be neighbors.
    """
    differs, count = table.differs.transpose("optimizer", "other").values, table.sizes["optimizer"]
    alike = [
        {other for other in range(count) if other != place and not differs[place, other]} for place in range(count)
    ]
    groups: list[list[int]] = []

    def extend(group: list[int], candidates: set[int], done: set[int]) -> None:
        """Find all groups that hold `group`, without those in `done`: the algorithm of Bron & Kerbosch (1973)."""
        if not candidates and not done and len(group) > 1:
            groups.append(sorted(group))
        for place in sorted(candidates):
            extend([*group, place], candidates & alike[place], done & alike[place])
            candidates, done = candidates - {place}, done | {place}

    extend([], set(range(count)), set())
    return sorted(groups)


def describe_critical_differences(table: xr.Dataset) -> list[str]:
    """Return what `critical_differences` tested, and what it found, in sentences."""
    attributes, count = table.attrs, table.sizes["optimizer"]
    pairs = format_count(count * (count - 1) // 2, "pair")
    kind = (
        f"exact two-sided signed-rank tests of Wilcoxon, corrected for {pairs} by Holm's method"
        if attributes["post_hoc"] == "wilcoxon"
        else f"Nemenyi's test, by which mean ranks differ if they are {attributes['critical_difference']:.2f} apart"
    )
    basis = f"the mean normalized scores on {format_count(attributes['problems'], 'problem')}"
    if count == 2:
        first = f"Tested: {basis}, by {kind}, at alpha = {attributes['alpha']:g}."
    else:
        p, rejected = attributes["friedman_p"], attributes["friedman_p"] <= attributes["alpha"]
        shown = "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"
        first = (
            f"Tested: {basis}, by the Friedman test (F of Iman and Davenport, {shown}), which "
            f"{'rejects' if rejected else 'does not reject'} at alpha = {attributes['alpha']:g} that the "
            f"{count} optimizers are alike; "
            + (f"then pairs by {kind}." if rejected else "so no pair is tested, and none differs.")
        )
    found = int(table.differs.values.sum()) // 2
    return [
        first,
        f"{found} of {pairs} {'differs' if found == 1 else 'differ'}. A run that diverged counts as untrained.",
    ]
