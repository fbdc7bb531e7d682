"""Tests of paired differences, against SciPy and numbers of statsmodels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from gradlab.lab.analysis.statistics.hypothesis_tests import (
    correct_by_holm,
    count_seeds_needed,
    effect_size,
    signed_rank_test,
    t_test,
    t_test_power,
)

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("seeds", [2, 3, 5, 20])
def test_the_t_test_is_that_of_scipy(seeds: int) -> None:
    first, second = np.random.default_rng(seeds).normal(0.3, 1.0, (2, seeds))
    assert t_test(first - second) == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-9)
    assert t_test(second - first) == t_test(first - second)


@pytest.mark.parametrize("seeds", [3, 6, 11, 30])
def test_the_signed_rank_test_is_that_of_scipy(seeds: int) -> None:
    differences = np.random.default_rng(seeds).normal(0.3, 1.0, seeds)
    assert signed_rank_test(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, rel=1e-9)


@pytest.mark.parametrize("differences", [[1, 1, -1, 2, 2, 3], [0, 0, 1, 2, -2, 4, 4], [3, 3, 3], [-1, 1], [5]])
def test_ties_and_zeros_are_exact(differences: list[float]) -> None:
    known = np.array([each for each in differences if each])
    ranks = stats.rankdata(np.abs(known))
    signs = np.array(list(itertools.product([0, 1], repeat=len(known))))
    sums, seen = signs @ ranks, ranks[known > 0].sum()
    exact = min(1.0, 2 * min((sums <= seen).mean(), (sums >= seen).mean()))
    assert signed_rank_test(np.array(differences, float)) == pytest.approx(exact, rel=1e-12)


def test_infinite_differences_have_the_highest_ranks() -> None:
    large = signed_rank_test(np.array([1.0, -2.0, 3.0, 99.0, 99.0, 4.0, 5.0]))
    assert signed_rank_test(np.array([1.0, -2.0, 3.0, INF, INF, 4.0, 5.0])) == large
    assert signed_rank_test(np.array([NAN, 1.0, 2.0])) == signed_rank_test(np.array([1.0, 2.0]))
    assert signed_rank_test(np.array([NAN, 0.0])) == 1.0
    assert signed_rank_test(np.array([INF, INF, -INF])) == signed_rank_test(np.array([1.0, 1.0, -1.0]))


def test_differences_that_are_equal_but_for_rounding_tie() -> None:
    rounded = np.array([0.2 - 0.3, 0.1, 0.4, 0.5]) * 1e-9
    assert signed_rank_test(rounded) == signed_rank_test(np.array([-1.0, 1.0, 4.0, 5.0]))
    assert signed_rank_test(rounded) != signed_rank_test(np.array([-1.0, 2.0, 4.0, 5.0]))


def test_what_has_no_number_has_no_t_test() -> None:
    for differences in ([1.0], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [1.0, INF, 2.0], [NAN, 1.0, 2.0]):
        assert np.isnan(t_test(np.array(differences)))
        assert np.isnan(effect_size(np.array(differences)))


def test_the_effect_size_is_corrected_for_small_samples() -> None:
    differences = np.random.default_rng(0).normal(1, 1, 9)
    raw = differences.mean() / differences.std(ddof=1)
    assert effect_size(differences) == pytest.approx(raw * (1 - 3 / (4 * 8 - 1)), rel=2e-3)  # Hedges' approximation
    samples = np.random.default_rng(1).normal(0.8, 1.0, (20_000, 5))
    found = np.array([effect_size(sample) for sample in samples])
    assert found.mean() == pytest.approx(0.8, abs=0.02)  # it is unbiased
    assert (samples.mean(1) / samples.std(1, ddof=1)).mean() > 0.95


def test_holm_is_that_of_statsmodels() -> None:
    p_values = np.array([0.01, 0.04, 0.03, 0.005, 0.9, 0.04])
    np.testing.assert_allclose(correct_by_holm(p_values), [0.05, 0.12, 0.12, 0.03, 0.9, 0.12])
    with_missing = correct_by_holm(np.array([0.01, NAN, 0.02]))
    np.testing.assert_allclose(with_missing, [0.03, NAN, 0.04])  # a test that could not be made counts, too


@pytest.mark.parametrize(
    ("effect", "alpha", "power", "count"),
    [
        (0.2, 0.05, 0.8, 198.1508), (0.5, 0.05, 0.8, 33.3671), (0.8, 0.05, 0.9, 18.4462), (1.2, 0.005, 0.8, 13.2211),
        (3.0, 0.05, 0.8, 3.144), (0.5, 0.001, 0.95, 102.8612),
    ],
)  # fmt: skip
def test_the_seeds_needed_are_those_of_statsmodels(effect: float, alpha: float, power: float, count: float) -> None:
    """`TTestPower().solve_power` of statsmodels 0.15, rounded up."""
    assert count_seeds_needed(effect, alpha, power) == np.ceil(count)
    assert count_seeds_needed(-effect, alpha, power) == np.ceil(count)


def test_the_power_of_the_t_test() -> None:
    assert t_test_power(0.5, 20, 0.05) == pytest.approx(0.5645044184, abs=1e-9)  # of statsmodels
    assert count_seeds_needed(50.0, 0.05, 0.8) == 3
    assert count_seeds_needed(1e-6, 0.05, 0.8) == INF
    assert np.isnan(count_seeds_needed(NAN, 0.05, 0.8))
    grid = [t_test_power(effect, count, 1e-4) for effect in (0.2, 1.0, 30.0) for count in (3, 50, 500, 10_000)]
    assert np.isfinite(grid).all()
    assert grid[-1] == 1


def test_equal_optimizers_are_told_apart_as_seldom_as_stated() -> None:
    """Of six pairs of four optimizers from five seeds, corrected by Holm, one is found in at most 5 % of the cases."""
    found = 0
    for runs in np.random.default_rng(0).normal(size=(400, 4, 5)):
        pairs = itertools.combinations(runs, 2)
        found += bool((correct_by_holm(np.array([t_test(first - second) for first, second in pairs])) <= 0.05).any())
    assert 4 <= found <= 30  # at most 20 are expected; more than 30 have the probability 0.01
