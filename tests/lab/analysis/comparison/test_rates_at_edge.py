"""An optimizer whose best rate lies at the end of its grid may be better than its score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from gradlab.lab.analysis.comparison.rates_at_edge import find_at_edge
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.analysis.statistics import describe_pairwise_tests, pairwise_tests

ROLES = ["choose", *["report"] * 6]
DECADES = np.array([[-1, -6, -2], [-1, -2, -3], [-5, -2, -1], [np.nan, np.nan, np.nan]])  # (optimizer, rate)


def make_race(make_dataset: Callable[..., xr.Dataset]) -> xr.Dataset:
    noise = np.random.default_rng(0).normal(0, 0.1, (*DECADES.shape, len(ROLES)))
    return make_dataset(10.0 ** (DECADES[..., None] + noise), [0.01, 0.1, 1.0], ROLES)


def test_the_ends_are_those_of_the_leaderboard(make_dataset: Callable[..., xr.Dataset]) -> None:
    race = make_race(make_dataset)
    first, low, high, lost = race.optimizer.values.tolist()
    assert find_at_edge(race) == [low, high]
    assert {row.optimizer for row in leaderboard(race) if row.at_edge} == {low, high}
    assert find_at_edge(race.isel(rate=[1])) == []
    assert lost not in find_at_edge(race)
    assert first not in find_at_edge(race.isel(rate=[2, 0, 1]))  # whose order is not that of the grid


def test_a_test_that_such_a_rival_loses_says_so(make_dataset: Callable[..., xr.Dataset]) -> None:
    race = make_race(make_dataset)
    _, low, high, _ = race.optimizer.values.tolist()
    told = describe_pairwise_tests(pairwise_tests(race.isel(optimizer=[0, 1])))[1]
    assert told == (
        f"The test tells 1 of 1 pair apart, but the best rate of {low} lies at the end of its grid, so a better one "
        "may lie beyond; give one wider grid to all, --rates log:LOW:HIGH:COUNT."
    )
    both = describe_pairwise_tests(pairwise_tests(race.isel(optimizer=[1, 2]), against=high))[1]
    assert f"of {low} lies at the end" in both  # it is the first of the pair, and loses
    assert "grid" not in " ".join(describe_pairwise_tests(pairwise_tests(race.isel(optimizer=[0, 3]), test="wilcoxon")))
