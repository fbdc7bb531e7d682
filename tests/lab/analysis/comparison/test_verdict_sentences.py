"""An optimizer comes first only where neither other seeds nor another stop could change that."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import describe_certainty, describe_places, describe_stuck, ranks, verdict
from gradlab.lab.analysis.leaderboard import leaderboard

SEEDS = np.array([0.0, 0.1, -0.2, 0.3])  # decades that all optimizers have in common, and a little of their own
OWN = np.array([[0.05, -0.05, 0.0, 0.1], [0.0, 0.02, 0.04, -0.02]])


def pair(first: list[float], second: list[float]) -> np.ndarray:
    """Curves of two optimizers from four seeds, 0 to 200 by ten, whose late evaluations have these decades."""
    late = np.array([first, second], float)[:, None] + SEEDS[:, None] + OWN[..., None]
    early = np.zeros((2, 4, 21 - late.shape[-1]))
    return 10.0 ** np.concatenate([early, late], -1)


OSCILLATING = pair([-6, -6, -6, -6, -2], [-4, -4, -4, -4, -4])  # the last update reverses the order
CLEAR = pair([-6, -7, -6, -7, -6], [-4, -3, -4, -3, -4])


def test_an_order_that_the_last_update_reverses_is_no_verdict(make_curves: Callable[..., xr.Dataset]) -> None:
    table = ranks(make_curves(OSCILLATING))
    assert table["rank"].values.tolist() == [1, 2]  # -5.2 and -4 decades on average
    assert table.low.values.tolist() == [1, 1]
    assert table.high.values.tolist() == [2, 2]
    assert not table.surely.values.any()
    assert table.leads.values.tolist() == [0.8, 0.2]
    text = " ".join(describe_certainty(table))
    assert "comes first" not in text
    assert "It ranks between 1 and 2 with 95 % confidence (4 seeds, stopped anywhere from update 160 to 200)." in text
    assert "Its lead over optimizer_1 is not certain." in text
    assert "It leads at 4 of the 5 evaluations from update 160 on, so the order depends on when training stops." in text


def test_an_order_that_neither_seeds_nor_stops_change_is_a_verdict(make_curves: Callable[..., xr.Dataset]) -> None:
    table = ranks(make_curves(CLEAR))
    assert table.low.values.tolist() == table.high.values.tolist() == [1, 2]
    assert describe_certainty(table, "adam") == [
        "adam comes first with 95 % confidence, ahead of optimizer_1 "
        "(4 seeds, stopped anywhere from update 160 to 200).",
        "adam leads at all 5 evaluations from update 160 on.",
    ]


def test_a_stop_alone_would_have_been_sure(make_curves: Callable[..., xr.Dataset]) -> None:
    """What was said before: at the last update only, the other one is surely first."""
    last = make_curves(OSCILLATING).isel(evaluation=[0, -1])
    assert "comes first" in " ".join(describe_certainty(ranks(last)))


def test_shares_are_those_of_all_samples_and_stops(make_curves: Callable[..., xr.Dataset]) -> None:
    """The 4^4 samples of four seeds, each with every stop, counted with NumPy alone."""
    curves = pair([-4.1, -4.0, -3.95, -4.0, -3.9], [-4, -4, -4, -4, -4])
    late = np.log10(curves[..., -5:])  # (optimizer, seed, evaluation)
    samples = np.array(list(itertools.product(range(4), repeat=4)))
    means = late[:, samples].mean(2)  # (optimizer, sample, evaluation)
    exact = (means[0] < means[1] - 1e-12).mean() + 0.5 * np.isclose(means[0], means[1], atol=1e-12).mean()
    table = ranks(make_curves(curves))
    assert 0.2 < exact < 0.8
    assert float(table.beats[0, 1]) == pytest.approx(exact, abs=0.035)
    averages = late.mean((1, 2))
    assert (averages.argsort().argsort() + 1).tolist() == table["rank"].values.tolist()
    at_each = late.mean(1)
    np.testing.assert_allclose(table.leads, [(at_each[0] <= at_each[1]).mean(), (at_each[1] <= at_each[0]).mean()])


def test_one_that_varies_too_much_for_its_place_is_explained(make_curves: Callable[..., xr.Dataset]) -> None:
    beside, below, wild = -6.0 + OWN[1], np.array([-3.0, -3.1, -2.9, -3.0]), np.array([-9.0, 1.0, 1.0, 2.0])
    decades = np.stack([-6.05 + OWN[0], beside, below, wild])
    table = ranks(make_curves(10.0 ** np.stack([np.zeros((4, 4)), decades], -1)))
    assert table["rank"].values.tolist() == [1, 2, 3, 4]
    text = " ".join(describe_certainty(table))
    assert "Its lead over optimizer_1 is not certain." in text
    assert "Its lead over optimizer_3 (rank 4) is not certain either, although it is over some that rank higher" in text


def test_one_optimizer_and_few_seeds(make_curves: Callable[..., xr.Dataset]) -> None:
    assert describe_certainty(ranks(make_curves(CLEAR[:1]))) == [
        "It is the only optimizer, so there is nothing to compare it with."
    ]
    (sentence, _) = describe_certainty(ranks(make_curves(CLEAR[:, :2])))
    assert sentence == "2 reporting seeds are too few to say how sure this rank is: use six seeds or more."


def test_a_board_names_its_first_optimizer_or_says_that_none_survived(make_curves: Callable[..., xr.Dataset]) -> None:
    race = make_curves(CLEAR)
    assert verdict(leaderboard(race), ranks(race)) == describe_certainty(ranks(race), "optimizer_0")
    lost = make_curves(np.where(np.arange(21) > 0, np.nan, CLEAR))
    assert verdict(leaderboard(lost), ranks(lost)) == [
        "No optimizer has a score, because runs of every one of them diverged."
    ]
    bad = lost.assign(final_loss=lost.final_loss * np.nan)
    assert verdict(leaderboard(bad), ranks(bad)) == [
        "No optimizer has a score: the loss is NaN before the first update; look at the data, the loss and the initial "
        "parameters."
    ]


def test_a_lead_that_is_shared_is_no_lead(make_curves: Callable[..., xr.Dataset]) -> None:
    """Two names of one optimizer have the same runs, and neither of them leads."""
    twins = make_curves(np.concatenate([CLEAR[:1], CLEAR[:1]]))
    first, *_, last = describe_certainty(ranks(twins))
    assert first == "It shares rank 1 with optimizer_1: the scores are equal."
    assert last == "It leads or shares the lead at all 5 evaluations from update 160 on."
    assert not ranks(twins).surely.values.any()


def test_equals_are_left_out_of_what_a_lead_is_over(make_curves: Callable[..., xr.Dataset]) -> None:
    table = ranks(make_curves(np.concatenate([CLEAR[:1], CLEAR[:1], CLEAR[1:]])))
    assert describe_certainty(table, "adam")[:2] == [
        "adam shares rank 1 with optimizer_1: the scores are equal.",
        "adam ranks between 1 and 2 with 95 % confidence (4 seeds, stopped anywhere from update 160 to 200).",
    ]
    assert "lead over" not in " ".join(describe_certainty(table))
    few = ranks(make_curves(np.concatenate([CLEAR[:1], CLEAR[:1]])[:, :2]))
    assert describe_certainty(few)[0] == "It shares rank 1 with optimizer_1: the scores are equal."


def test_one_of_several_equals_beside_baselines_is_said_to_share(make_curves: Callable[..., xr.Dataset]) -> None:
    race = make_curves(np.concatenate([CLEAR[:1], CLEAR[1:], CLEAR[1:]]))
    table = ranks(race.assign_attrs(trained='["optimizer_2"]'))
    (said,) = describe_places(table, "optimizer_0")
    assert said == "optimizer_2 shares rank 2 of 3 with 1 other, between 2 and 3 with 95 % confidence."
    board = [row._replace(at_edge=True) for row in leaderboard(race)]
    (limited,) = describe_places(ranks(race.assign_attrs(trained='["optimizer_2"]'), rows=board), "optimizer_0")
    assert limited.startswith(f"{said[:-1]}, but the best rate of optimizer_2 lies at the end of its grid, so ")


def test_optimizers_that_end_no_better_than_they_start_are_named(make_curves: Callable[..., xr.Dataset]) -> None:
    climbs = make_curves(pair([-6, -7, -6, -7, -6], [3, 3, 4, 4, 4]))
    table = ranks(climbs)
    assert table.is_stuck.values.tolist() == [False, True]
    said = verdict(leaderboard(climbs), table)
    assert said[-1] == (
        "optimizer_1 ends no better than it starts: its updates may have the wrong sign, or be too large or too small."
    )
    still = ranks(make_curves(np.ones((2, 4, 21))))
    assert describe_stuck(still)[0].startswith("optimizer_0 and optimizer_1 end no better than they start: their ")
    rising = climbs.assign_attrs(higher_is_better=1)  # as a reward, that is the way to go
    assert ranks(rising).is_stuck.values.tolist() == [True, False]
    lost = climbs.assign(final_loss=climbs.final_loss.where(climbs.optimizer != "optimizer_1"))
    assert not ranks(lost).is_stuck.any()  # it diverged, which the leaderboard marks already
    assert describe_stuck(ranks(make_curves(CLEAR))) == []


def test_a_lead_over_one_whose_best_rate_lies_at_the_end_of_its_grid_says_so(
    make_curves: Callable[..., xr.Dataset],
) -> None:
    """The grid may have been chosen badly, so the lead may be one of the grid and not of the optimizer."""
    race = make_curves(np.concatenate([CLEAR, 10 * CLEAR[1:]]))
    board = [row._replace(at_edge=row.optimizer == "optimizer_1") for row in leaderboard(race)]
    table = ranks(race, rows=board)
    (first, _) = verdict(board, table)
    assert first == (
        "optimizer_0 comes first with 95 % confidence, ahead of both others (4 seeds, stopped anywhere from update 160 "
        "to 200), but the best rate of optimizer_1 lies at the end of its grid, so a better one may lie beyond; give "
        "one wider grid to all, --rates log:LOW:HIGH:COUNT."
    )
    everywhere = ranks(race, rows=[row._replace(at_edge=True) for row in board])
    assert "but the best rates of optimizer_1 and optimizer_2 lie at the ends of" in describe_certainty(everywhere)[0]
    only_first = ranks(race, rows=[row._replace(at_edge=row.rank == 1) for row in board])
    assert "grid" not in describe_certainty(only_first)[0]  # which could only make its lead larger
    baselines = ranks(race.assign_attrs(trained='["optimizer_0"]'), rows=board)
    assert "; make baselines on a wider grid, gradlab baselines --rates" in describe_certainty(baselines)[0]


def test_a_lead_that_is_not_certain_needs_no_such_limit(make_curves: Callable[..., xr.Dataset]) -> None:
    race = make_curves(OSCILLATING)
    table = ranks(race, rows=[row._replace(at_edge=True) for row in leaderboard(race)])
    assert "grid" not in " ".join(describe_certainty(table))
