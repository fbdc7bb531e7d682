"""Critical differences, against the example of Demšar (2006), SciPy and numbers of scikit-posthocs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from gradlab.lab.analysis.shared_ranks import mean_ranks
from gradlab.lab.analysis.statistics import critical_differences
from gradlab.lab.analysis.statistics.critical_differences import (
    compare_scores,
    describe_critical_differences,
    find_critical_difference,
    find_groups,
    friedman_test,
)

# Table 6 of Demšar (2006): AUC of four variants of C4.5 on 14 data sets.
NAMES = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.978, 0.975], [0.957, 0.978, 0.946, 0.970],
    ]
)  # fmt: skip


def test_the_published_example() -> None:
    table = compare_scores(AUC, NAMES, "nemenyi", 0.05)
    ranks = table.mean_rank.sel(optimizer=NAMES).values
    assert [f"{rank:.3f}" for rank in ranks] == ["3.143", "2.000", "2.893", "1.964"]
    assert f"{table.attrs['critical_difference']:.2f}" == "1.25"
    assert f"{find_critical_difference(4, 14, 0.1):.2f}" == "1.12"
    published = 12 * 14 / (4 * 5) * (np.sum(ranks**2) - 4 * 5**2 / 4)  # 9.28 in the paper, which ignores ties
    assert published == pytest.approx(9.28, abs=0.01)
    assert table.attrs["chi_squared"] == pytest.approx(stats.friedmanchisquare(*AUC.T).statistic)
    assert table.attrs["friedman_p"] < 0.05
    assert not table.differs.any()  # "the post-hoc test is not powerful enough", at 0.05
    assert compare_scores(AUC, NAMES, "nemenyi", 0.1).differs.sum() == 4  # m and m+cf against C4.5, both ways


def test_the_test_of_nemenyi_is_that_of_scikit_posthocs() -> None:
    p = compare_scores(AUC, NAMES, "nemenyi", 0.05).p.sel(optimizer=NAMES, other=NAMES)
    expected = [
        [1.0, 0.08867, 0.95618, 0.07418], [0.08867, 1.0, 0.25923, 0.99986], [0.95618, 0.25923, 1.0, 0.2267],
        [0.07418, 0.99986, 0.2267, 1.0],
    ]  # fmt: skip
    np.testing.assert_allclose(p, expected, atol=1e-5)


def test_wilcoxon_corrects_all_pairs() -> None:
    table = compare_scores(AUC, NAMES, "wilcoxon", 0.05)
    p = table.p.sel(optimizer="C4.5", other="C4.5+m").item()
    differences = np.round(AUC[:, 1] - AUC[:, 0], 9)
    known = differences[differences != 0]
    sums = np.array(list(product([0, 1], repeat=len(known)))) @ stats.rankdata(np.abs(known))  # of all signs
    least = stats.wilcoxon(known).statistic
    assert p == pytest.approx(6 * 2 * np.mean(sums <= least))
    assert table.differs.sum() == 2
    assert find_groups(table) == [[0, 1, 2], [0, 2, 3]]  # the first and the last are alike, the second and last are not
    assert describe_critical_differences(table) == [
        "Tested: the mean normalized scores on 14 problems, by the Friedman test (F of Iman and Davenport, p = 0.012), "
        "which rejects at alpha = 0.05 that the 4 optimizers are alike; then pairs by exact two-sided signed-rank "
        "tests of Wilcoxon, corrected for 6 pairs by Holm's method.",
        "1 of 6 pairs differs. A run that diverged counts as untrained.",
    ]


def test_no_pair_differs_unless_friedman_rejects() -> None:
    scores = np.random.default_rng(3).normal(size=(12, 3))
    scores[:, 2] -= 0.45
    table = compare_scores(scores, ["a", "b", "c"], "wilcoxon", 0.2)
    assert table.attrs["friedman_p"] > 0.2
    assert not table.differs.any()
    assert (
        "does not reject at alpha = 0.2 that the 3 optimizers are alike; so no pair is tested"
        in (describe_critical_differences(table)[0])
    )
    assert find_groups(table) == [[0, 1, 2]]


def test_friedman_with_ties_and_without_noise() -> None:
    ranks = np.stack([mean_ranks(row) for row in ([0.1, 0.1, 0.3], [2.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 3.0, 2.0])])
    assert ranks[0].tolist() == [1.5, 1.5, 3]
    expected = stats.friedmanchisquare(*ranks.T)
    assert friedman_test(ranks)[0] == pytest.approx(expected.statistic)
    assert friedman_test(np.tile([1.0, 2.0, 3.0], (5, 1))) == (10.0, np.inf, 0.0)
    chi_squared, _, p = friedman_test(np.full((5, 3), 2.0))
    assert (chi_squared, p) == (0.0, 1.0)


def test_two_optimizers_need_no_friedman_test() -> None:
    scores = np.random.default_rng(0).normal(size=(8, 2)) + np.array([0.0, 3.0])
    table = compare_scores(scores, ["a", "b"], "wilcoxon", 0.05)
    assert table.optimizer.values.tolist() == ["b", "a"]
    assert table.p.sel(optimizer="a", other="b").item() == pytest.approx(2 / 2**8)
    assert table.differs.sum() == 2
    assert describe_critical_differences(table)[0] == (
        "Tested: the mean normalized scores on 8 problems, by exact two-sided signed-rank tests of Wilcoxon, corrected "
        "for 1 pair by Holm's method, at alpha = 0.05."
    )
    with pytest.raises(ValueError, match="for three optimizers or more; compare two by that of Wilcoxon"):
        compare_scores(scores, ["a", "b"], "nemenyi", 0.05)


def test_too_few_problems_are_refused() -> None:
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match="4 problems cannot show which optimizers differ over problems; use 5 or more"):
        compare_scores(random.normal(size=(4, 3)), list("abc"), "nemenyi", 0.05)
    message = (
        r"the least p-value of a signed-rank test is 0\.031, for 3 pairs; use 7 problems or more, fewer optimizers"
    )
    with pytest.raises(ValueError, match=message):
        compare_scores(random.normal(size=(6, 3)), list("abc"), "wilcoxon", 0.05)
    agreed = compare_scores(np.tile([3.0, 2.0, 1.0], (7, 1)) * np.arange(1, 8)[:, None], list("abc"), "wilcoxon", 0.05)
    assert agreed.differs.sum() == 6  # seven are enough
    with pytest.raises(ValueError, match=r"the critical difference of mean ranks is 15\.38, and the largest .* is 11"):
        compare_scores(random.normal(size=(5, 12)), [f"{index}" for index in range(12)], "nemenyi", 1e-9)


def test_races_are_compared_by_normalized_scores(make_curves: Callable[..., xr.Dataset]) -> None:
    random, races = np.random.default_rng(0), dict[str, xr.Dataset]()
    for problem in range(7):
        final = 10.0 ** -(np.array([[1.0], [3.0], [2.0]]) * (problem + 1) + random.normal(0, 0.1, (3, 4)))
        final[0, 0] = np.nan  # the first one has a run that diverged on each problem
        races[f"problem_{problem}"] = make_curves(np.stack([np.ones_like(final), final], -1))
    table = critical_differences(races)
    assert table.optimizer.values.tolist() == ["optimizer_1", "optimizer_2", "optimizer_0"]
    assert table.mean_rank.values.tolist() == [1, 2, 3]
    assert table.differs.sum() == 6
    wrong: list[tuple[Any, float, str]] = [
        ("t", 0.05, "post_hoc must be one of wilcoxon, nemenyi; got 't'"),
        ("nemenyi", 2.0, "alpha must lie between 0 and 1; got 2.0"),
    ]
    for post_hoc, alpha, message in wrong:
        with pytest.raises(ValueError, match=message):
            critical_differences(races, post_hoc, alpha)
    with pytest.raises(ValueError, match="1 problem cannot show which optimizers differ"):
        critical_differences({"one": races["problem_0"]})
