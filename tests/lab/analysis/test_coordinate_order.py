"""The order of rates, seeds, optimizers and evaluations changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.cli.study_tables.point_tables import parse_axes
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab.analysis.comparison import ranks, rate_intervals, summary
from gradlab.lab.analysis.coordinate_order import sort_axes
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.analysis.sweep_as_race import as_race
from gradlab.lab.plots import draw_sensitivity
from gradlab.lab.problems import Ravine

RATES = [0.001, 0.01, 0.1, 1.0]


@pytest.fixture
def race(make_dataset: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Of the first optimizer the best rate is the highest one; two rates of the second one are equally good."""
    levels = np.array([[1.0, -1, -2, -4], [-1, -3, -3, 0], [-1, -3, -3, 0]])[..., None]
    scores = 10.0 ** (levels + 0.01 * np.arange(8))
    return make_dataset(scores, RATES, ["choose"] * 4 + ["report"] * 4)


ORDERS = [
    {"rate": [3, 1, 0, 2]}, {"rate": [3, 2, 1, 0]}, {"optimizer": [2, 0, 1]}, {"seed": [7, 0, 2, 1, 4, 3, 6, 5]},
    {"evaluation": [1, 0]}, {"rate": [1, 2, 3, 0], "optimizer": [1, 2, 0], "seed": list(range(8))[::-1]},
]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS)
def test_the_board_is_the_same_in_any_order(race: xr.Dataset, order: dict[str, list[int]]) -> None:
    shuffled = race.isel(order)
    rows = leaderboard(race)
    assert (rows[0].best_rate, rows[0].at_edge, rows[0].good_open) == (1.0, True, True)
    assert rows[0].good_decades == pytest.approx(0.5)  # by a straight line from -4 to -2 decades
    assert rows[1].best_rate == 0.01  # the lower of two
    assert leaderboard(shuffled) == rows
    for found in (summary, ranks, rate_intervals):
        expected = found(race)
        xr.testing.assert_allclose(found(shuffled).reindex_like(expected), expected)
    (line,) = (
        line
        for line in draw_sensitivity(Figure().subplots(), shuffled, "optimizer_0").lines
        if line.get_label() == "optimizer_0"
    )
    np.testing.assert_allclose(np.asarray(line.get_xdata()), np.array(RATES))


def test_each_optimizer_has_an_order_of_its_own(race: xr.Dataset) -> None:
    own = np.array([[3, 2, 1, 0], [0, 1, 2, 3], [1, 0, 3, 2]])
    mixed = race.isel(rate=xr.DataArray(own, dims=("optimizer", "rate"))).transpose(*race.dims)
    xr.testing.assert_equal(sort_axes(mixed), race)


def test_a_subset_of_the_rates_is_a_race_too(race: xr.Dataset) -> None:
    (first, *_) = leaderboard(race.isel(rate=[2, 0]))
    assert (first.optimizer, first.best_rate, first.at_edge) == ("optimizer_1", 0.1, True)
    (alone, *_) = leaderboard(race.isel(rate=[1]))
    assert (alone.best_rate, alone.at_edge, alone.good_decades) == (0.01, False, 0.0)


def test_the_plan_of_a_list_does_not_depend_on_its_order() -> None:
    plans = [
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), rates)
        for rates in ((0.03, 0.01, 0.001), (0.001, 0.03, 0.01))
    ]
    assert plans[0] == plans[1]
    assert plans[0].tasks[0].points["learning_rate"].tolist() == [0.001, 0.01, 0.03]
    axes = [parse_axes([f"learning_rate={text}", "b1=lin:0:0.9:3"]) for text in ("0.1,0.01", "0.01,0.1")]
    assert axes[0] == axes[1]


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ((0.1, 0.0), "rates must be above zero, for they are compared over decades; got 0"),
        ((0.1, -0.5), "rates must be above zero, for they are compared over decades; got -0.5"),
        ((0.1, 0.1), "rates has a value twice: 0.1"),
        ((0.1, np.inf), "rates needs at least one value, and finite ones"),
    ],
)
def test_what_is_no_rate_is_refused(rates: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), rates)


def test_a_rate_of_zero_in_earlier_results_takes_no_part(make_dataset: Callable[..., xr.Dataset]) -> None:
    dataset = make_dataset([[[1.0, 1.0], [1e-2, 1e-2], [1e-2, 1e-2]]], [0.0, 0.1, 1.0], ["choose", "report"])
    (row,) = leaderboard(dataset)
    assert (row.best_rate, row.good_decades, row.good_open) == (0.1, 1.0, True)
    assert np.isfinite(draw_sensitivity(Figure().subplots(), dataset).get_xlim()).all()
    (zero,) = leaderboard(dataset.isel(rate=[0]))
    assert (zero.best_rate, zero.good_decades, zero.good_open) == (0.0, 0.0, False)


def test_a_sweep_in_any_order_is_the_same_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    at = {"learning_rate": [0.1, 1.0, 0.1, 1.0], "b1": [0.8, 0.8, 0.9, 0.9]}
    swept = make_sweep([[[1.0, 1.0], [0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]], at)
    swept = swept.drop_vars("composition")  # which is of the middle point, whatever that is
    xr.testing.assert_equal(as_race(swept.isel(point=[2, 1, 3, 0])), as_race(swept))
    with pytest.raises(ValueError, match="are no full grid"):
        as_race(swept.isel(point=[0, 1, 2]))
    zero = make_sweep([[[1.0, 1.0], [0.1, 0.1]]], {"learning_rate": [0.0, 0.1]})
    with pytest.raises(ValueError, match=r"a learning rate of .* is 0, which lies in no decade"):
        as_race(zero)
