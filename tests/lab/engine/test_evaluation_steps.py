"""The late evaluations, and the score over them, compared with values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._engine.evaluation_steps import choose_evaluation_steps
from gradlab.lab.analysis.late_window import describe_window, is_late, window_bounds
from gradlab.lab.analysis.leaderboard import final_scores


def evaluated(at: list[int], logarithmic: int = 0) -> xr.Dataset:
    return xr.Dataset(coords={"evaluation": at}, attrs={"logarithmic": logarithmic})


def test_evaluations_include_both_ends_and_more_of_the_last_tenth() -> None:
    assert choose_evaluation_steps(3).tolist() == [0, 1, 2, 3]
    assert choose_evaluation_steps(1).tolist() == [0, 1]
    assert choose_evaluation_steps(50)[-6:].tolist() == [45, 46, 47, 48, 49, 50]  # each update, and none twice
    many = choose_evaluation_steps(1000)
    assert (many[0], many[-1]) == (0, 1000)
    assert (many < 900).sum() == 29  # as 33 over the whole run have it
    assert 16 <= (many >= 900).sum() <= 20
    late = many[many >= 900]
    assert np.diff(late).max() <= 2 * 100 / 16
    assert {np.gcd.reduce(late - late[0])} == {1}  # at no common distance, which an oscillation could have too


@pytest.mark.parametrize("period", range(2, 12))
def test_an_oscillation_of_any_period_is_met_at_different_places(period: int) -> None:
    late = choose_evaluation_steps(4000)
    late = late[late >= 3600]
    wave = np.cos(2 * math.pi * late / period)
    assert abs(wave.mean()) < 0.5  # at even distances, it would be 1 for some


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (list(range(0, 401, 4)), list(range(360, 401, 4))),  # the last tenth
        ([round(400 * k / 32) for k in range(33)], [350, 362, 375, 388, 400]),  # an old file: the last five
        ([0, 10, 20, 30], [20, 30]),  # the second half of a short run
        ([0, 10], [10]),
        ([0], [0]),
        ([30, 20, 10, 0], [30, 20]),  # in whatever order they are
    ],
)
def test_which_evaluations_are_late(at: list[int], expected: list[int]) -> None:
    dataset = evaluated(at)
    assert np.array(at)[is_late(dataset)].tolist() == expected
    assert window_bounds(dataset) == (min(expected), max(expected))


def test_the_window_in_words() -> None:
    assert describe_window(evaluated([0, 10, 20, 30])) == "mean over updates 20 to 30"
    assert describe_window(evaluated([0, 10, 20, 30], 1)) == "geometric mean over updates 20 to 30"
    assert describe_window(evaluated([0, 10, 20, 30], 1), short=True) == "updates 20 to 30"
    assert describe_window(evaluated([0, 10], 1)) == "after 10 updates"
    assert describe_window(evaluated([0, 1])) == "after 1 update"


def test_the_score_of_a_run_is_its_average_over_them(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = [[[1, 1, 1e-2, 1e-4], [1, 1, 1e-6, 1e-6]], [[1, 1, 1e-9, np.nan], [1, 1, 0.5, 0.125]]]
    losses = final_scores(make_curves(curves)).isel(rate=0, seed=slice(1, None))
    np.testing.assert_allclose(losses, [[1e-3, 1e-6], [np.nan, 0.25]])  # in decades, and none of a run that diverged
    numbers = final_scores(make_curves(curves, logarithmic=0)).isel(rate=0, seed=slice(1, None))
    np.testing.assert_allclose(numbers, [[0.00505, 1e-6], [np.nan, 0.3125]])


def test_what_rounding_cannot_tell_from_the_optimum_counts_as_one_rounding(
    make_curves: Callable[..., xr.Dataset],
) -> None:
    dataset = make_curves([[[1, 1, 1e-12, 1e-6]]], floor=1e-8)  # the first is luck, and counts as 1e-8
    assert final_scores(dataset).item() == pytest.approx(1e-7)
