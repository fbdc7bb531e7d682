"""Rankings with a known answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.leaderboard import best_rate_index, format_good_range, leaderboard, measure_good_range

NAN = float("nan")
ROLES = ["choose", "choose", "report", "report"]


def test_the_rate_is_chosen_on_some_seeds_and_reported_on_others(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [
        [[1e-2, 1e-2, 1e-9, 1e-9], [1e-4, 1e-6, 1e-3, 1e-5], [1.0, 1.0, 1.0, 1.0]],
        [[1e-1, 1e-1, 1e-1, 1e-1], [1e-2, 1e-2, 1e-2, 1e-2], [1e-5, 1e-5, 1e-6, 1e-6]],
    ]
    second, first = leaderboard(make_dataset(scores, [0.01, 0.1, 1.0], ROLES))[::-1]
    assert (first.rank, first.optimizer, first.best_rate) == (1, "optimizer_1", 1.0)
    assert first.at_edge
    assert first.seconds == 1.0
    assert first.score == pytest.approx(1e-6)
    # The lowest rate is far better on the seeds that report, but was not the one to choose.
    assert (second.rank, second.optimizer, second.best_rate) == (2, "optimizer_0", 0.1)
    assert not second.at_edge
    assert second.score == pytest.approx(1e-4)  # geometric
    assert second.spread == pytest.approx(np.std([-3, -5], ddof=1))
    assert (second.diverged, second.runs, second.seconds) == (0, 12, 0.0)


def test_accuracies_rank_from_the_top(make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    scores = [[[0.90, 0.90, 0.90, 0.92]], [[0.95, 0.95, 0.96, 0.98]], [[0.5, 0.5, 0.5, 0.5]]]
    rows = leaderboard(make_dataset(scores, [0.1], ROLES, **accuracy))
    assert [row.optimizer for row in rows] == ["optimizer_1", "optimizer_0", "optimizer_2"]
    assert rows[0].score == pytest.approx(0.97)
    assert rows[0].spread == pytest.approx(np.std([0.96, 0.98], ddof=1))


def test_equals_share_a_rank_in_the_order_of_their_names(make_dataset: Callable[..., xr.Dataset]) -> None:
    none, third, half = [[NAN] * 4], [[1e-3, 1e-3, 1e-2, 1e-4]], [[1e-3, 1e-3, 1e-4, 1e-2]]  # of the same seeds' scores
    race = make_dataset([none, [[1.0] * 4], third, half, [[1e-9] * 4], none], [0.1], ROLES)
    race = race.assign_coords(optimizer=["nan", "one", "third", "half", "best", "lost"])
    rows = [(row.rank, row.optimizer) for row in leaderboard(race)]
    assert rows == [(1, "best"), (2, "half"), (2, "third"), (4, "one"), (5, "lost"), (5, "nan")]
    assert [(row.rank, row.optimizer) for row in leaderboard(race.isel(optimizer=slice(None, None, -1)))] == rows


def test_one_that_never_had_a_rate_equals_one_whose_reporting_runs_diverged(
    make_dataset: Callable[..., xr.Dataset],
) -> None:
    rows = leaderboard(make_dataset([[[1.0] * 2 + [NAN] * 2], [[NAN] * 4]], [0.1], ROLES))
    assert [row.rank for row in rows] == [1, 1]


def test_a_rate_at_which_a_choosing_run_diverged_is_not_chosen(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-1] * 4, [1e-9, NAN, 1e-9, 1e-9]]]
    (row,) = leaderboard(make_dataset(scores, [0.1, 1.0], ROLES))
    assert (row.best_rate, row.diverged, row.runs) == (0.1, 1, 8)


def test_optimizers_that_diverge_when_reported_come_after_all_others(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-9, 1e-9, 1e-9, NAN]], [[1.0] * 4], [[NAN] * 4]]
    rows = leaderboard(make_dataset(scores, [0.1], ROLES))
    assert [row.optimizer for row in rows] == ["optimizer_1", "optimizer_0", "optimizer_2"]
    assert rows[1].diverged_at_best == 1
    assert rows[1].score == pytest.approx(1e-9)
    assert np.isnan(rows[2].score)
    assert np.isnan(rows[2].best_rate)
    assert rows[2].diverged == 4
    assert best_rate_index(make_dataset(scores, [0.1], ROLES)).values.tolist() == [0, 0, -1]


def test_one_seed_chooses_and_reports(make_dataset: Callable[..., xr.Dataset]) -> None:
    (row,) = leaderboard(make_dataset([[[1e-3], [1e-4]]], [0.1, 1.0], ["both"]))
    assert row.best_rate == 1.0
    assert row.score == pytest.approx(1e-4)
    assert np.isnan(row.spread)


def test_a_loss_of_zero_is_a_number(make_dataset: Callable[..., xr.Dataset]) -> None:
    (row,) = leaderboard(make_dataset([[[0.0] * 4]], [0.1], ROLES))
    assert 0 < row.score < 1e-37


LOSSES = {"higher_is_better": 0, "logarithmic": 1, "tolerance": 10.0}
ACCURACIES = {"higher_is_better": 1, "logarithmic": 0, "tolerance": 0.01}


@pytest.mark.parametrize(
    ("attributes", "scores", "best", "width", "is_open"),
    [
        # Two decades to the left the loss is up by 100, so it crosses the factor of 10 halfway between the rates.
        (LOSSES, [1e-2, 1e-4, 1e-2], 1, 1.0, False),
        (LOSSES, [1e-2, 1e-4, NAN], 1, 0.5, False),  # nothing is known about what lies before a divergence
        (LOSSES, [5e-4, 1e-4, 1e-2], 1, 1.5, True),
        (LOSSES, [1e-4, 1e-4, 1e-4], 0, 2.0, True),
        (LOSSES, [NAN, 1e-4, NAN], 1, 0.0, False),
        (ACCURACIES, [0.93, 0.97, 0.93], 1, 0.5, False),
        (ACCURACIES, [0.965, 0.97, 0.95], 1, 1.5, True),
    ],
)
def test_the_width_of_the_good_range(
    attributes: dict[str, Any], scores: list[float], best: int, width: float, is_open: bool
) -> None:
    decades, reaches_the_end = measure_good_range(np.array([0.01, 0.1, 1.0]), np.array(scores), best, attributes)
    assert decades == pytest.approx(width)
    assert reaches_the_end == is_open


@pytest.mark.parametrize(
    ("decades", "is_open", "text"),
    [(1.52, False, "1.5"), (1.5, True, ">1.5"), (0.0, False, "one rate"), (0.01, False, "<0.05"), (0.01, True, ">0.0")],
)
def test_the_width_in_words(make_dataset: Callable[..., xr.Dataset], decades: float, is_open: bool, text: str) -> None:
    (row,) = leaderboard(make_dataset([[[1.0, 1.0]]], [0.1], ["choose", "report"]))
    assert format_good_range(row._replace(good_decades=decades, good_open=is_open)) == text


def test_a_good_rate_beyond_a_bad_one_does_not_count() -> None:
    width, is_open = measure_good_range(np.logspace(-3, 0, 4), np.array([1e-4, 1.0, 1e-4, 1.0]), 2, LOSSES)
    assert width == pytest.approx(0.5)
    assert not is_open


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(
        ValueError, match=r"expected the Dataset of a race, .* gradlab.lab.analysis.sweep_as_race.as_race makes one"
    ):
        best_rate_index(swept)
