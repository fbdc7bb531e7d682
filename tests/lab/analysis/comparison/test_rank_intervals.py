"""Ranks: a clear winner is sure, ties overlap, and divergence is the last place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import ranks
from gradlab.lab.analysis.comparison.rank_intervals import in_rank_order, select_first, select_level_with_first

NAN = float("nan")
ROLES = ["choose", "choose", *["report"] * 5]


def board(make_dataset: Callable[..., xr.Dataset], reporting: Any, **attributes: Any) -> xr.Dataset:
    """Results with these scores on the five reporting seeds, (optimizer, seed)."""
    scores = np.concatenate([np.full((len(reporting), 2), 0.5), np.asarray(reporting, float)], 1)
    return make_dataset(scores[:, None], [0.1], ROLES, **attributes)


def test_a_clear_winner_is_sure(make_dataset: Callable[..., xr.Dataset]) -> None:
    reporting = [[1e-2, 2e-2, 1e-2, 3e-2, 1e-2], [1e-6, 2e-6, 1e-6, 1e-5, 1e-6], [1e-1, 2e-1, 2e-1, 3e-1, 1e-1]]
    table = ranks(board(make_dataset, reporting))
    assert table["rank"].values.tolist() == [2, 1, 3]
    assert table.low.values.tolist() == [2, 1, 3]
    assert table.high.values.tolist() == [2, 1, 3]
    assert table["first"].values.tolist() == [0, 1, 0]
    assert table.beats.values.tolist() == [[0.5, 0, 1], [1, 0.5, 1], [0, 0, 0.5]]
    assert table.wins.values.tolist() == table.beats.values.tolist()
    assert table.surely.values.tolist() == [[False, False, True], [True, False, True], [False, False, False]]
    assert select_level_with_first(table) == []
    assert (table.attrs["seeds"], table.attrs["confidence"], table.attrs["draws"]) == (5, 0.95, 2000)
    low, high = table.score_low.values, table.score_high.values
    assert (np.array([1e-2, 1e-6, 1e-1]) <= low * (1 + 1e-9)).all()
    assert (low < high).all()


def test_ties_overlap(make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    reporting = [[0.9, 0.8, 0.9, 0.7, 0.9], [0.9, 0.9, 0.7, 0.8, 0.9], [0.1] * 5]  # the same, in another order
    table = ranks(board(make_dataset, reporting, **accuracy))
    assert table.low.values.tolist() == [1, 1, 3]
    assert table.high.values.tolist() == [2, 2, 3]
    assert table.beats.values[0, 1] == pytest.approx(0.5, abs=0.05)
    assert table.wins.values[0, 1] == pytest.approx(0.4)  # better on one seed, tied on two, of five
    assert table["rank"].values.tolist() == [1, 1, 3]
    assert select_first(table) == ["optimizer_0", "optimizer_1"]
    assert select_level_with_first(table) == []
    assert (table.score_low.values <= table.score_high.values).all()


def test_equal_optimizers_share_both_places(make_dataset: Callable[..., xr.Dataset]) -> None:
    table = ranks(board(make_dataset, [[0.1, 0.2, 0.3, 0.4, 0.5]] * 2))
    assert table.low.values.tolist() == [1, 1]
    assert table.high.values.tolist() == [2, 2]
    assert table.beats.values.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert table["first"].values.tolist() == [1, 1]
    assert table["rank"].values.tolist() == [1, 1]


def test_what_some_of_the_first_does_not_surely_beat_is_level(make_dataset: Callable[..., xr.Dataset]) -> None:
    """The first two have the same mean, but one of them is far worse than the third from one seed."""
    steady, wild = 10.0 ** np.array([-6, -6.1, -5.9, -6, -6]), 10.0 ** np.array([-9, -9, -9, -9, 6])
    names = ["wild", "steady", "third"]
    table = ranks(board(make_dataset, [wild, steady, [1e-5] * 5])).assign_coords(optimizer=names, other=names)
    assert select_first(table) == ["steady", "wild"]
    assert in_rank_order(table).optimizer.values.tolist() == ["steady", "wild", "third"]
    assert bool(table.surely.sel(optimizer="steady", other="third"))
    assert select_level_with_first(table) == ["third"]


def test_pairing_makes_a_small_difference_sure(make_dataset: Callable[..., xr.Dataset]) -> None:
    """Seeds differ by decades, and the second optimizer is a tenth better from each of them."""
    seeds = np.logspace(-5, -1, 5)
    table = ranks(board(make_dataset, [seeds, 0.9 * seeds]))
    assert table.low.values.tolist() == [2, 1]
    assert table.high.values.tolist() == [2, 1]


def test_a_run_that_diverged_counts_as_the_worst(make_dataset: Callable[..., xr.Dataset]) -> None:
    reporting = [[1e-9, 1e-9, 1e-9, 1e-9, NAN], [1.0] * 5, [NAN] * 5]
    table = ranks(board(make_dataset, reporting))
    assert table["rank"].values.tolist() == [2, 1, 3]
    assert table.beats.values[1, 0] == pytest.approx(1 - 0.8**5, abs=0.03)  # samples that hold the diverged run
    assert table.beats.values[0, 2] > 0.5
    assert np.isnan(table.score_high.values[0])
    assert table.high.values.tolist() == [3, 2, 3]


def test_an_optimizer_without_any_rate_is_last(make_dataset: Callable[..., xr.Dataset]) -> None:
    table = ranks(make_dataset([[[NAN] * 7], [[0.1] * 7]], [0.1], ROLES))
    assert table.low.values.tolist() == [2, 1]
    assert table.high.values.tolist() == [2, 1]


@pytest.mark.parametrize("roles", [["both"], ["choose", "report", "report"]])
def test_fewer_than_three_seeds_are_sure_of_nothing(make_dataset: Callable[..., xr.Dataset], roles: list[str]) -> None:
    table = ranks(make_dataset([[[1e-9] * len(roles)], [[1.0] * len(roles)]], [0.1], roles))
    assert table["rank"].values.tolist() == [1, 2]
    assert table.low.values.tolist() == [1, 1]
    assert table.high.values.tolist() == [2, 2]
    assert not table.surely.values.any()
    assert select_level_with_first(table) == ["optimizer_1"]
    assert np.isnan(table.score_low).all()


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(ValueError, match=r"gradlab.lab.analysis.sweep_as_race.as_race makes one"):
        ranks(swept)


def test_a_lead_that_some_seeds_undo_on_average_is_not_sure(make_curves: Callable[..., xr.Dataset]) -> None:
    """From one of twenty seeds the first is far behind at the last stop, which counts if a sample has it three times.

    That happens in 7.5 % of the samples. Only one in eight of these stops there, so the first is behind in less than
    1 % of the samples with stops. But on average over the stops it is behind in all 7.5 %.
    """
    decades = np.zeros((2, 20, 71))  # of the 71 evaluations, the last eight are late
    decades[0, :, 63:70] = -0.001
    decades[0, :, 70] = -1.0
    decades[0, 0, 70] += 8.0
    table = ranks(make_curves(10.0**decades))
    assert table.attrs["evaluations"] == 8
    assert table["rank"].values.tolist() == [1, 2]
    assert float(table.beats[0, 1]) > 0.985
    assert not table.surely.values.any()
