"""A grid is a race of its combinations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab.analysis.comparison import summary
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.analysis.sweep_as_race import as_race

RATES = [0.1, 0.01, 0.1, 0.01, 0.1, 0.01]
B1 = [0.8, 0.8, 0.9, 0.9, 0.95, 0.95]


@pytest.mark.parametrize(
    ("foreign", "kind", "message"),
    [
        (
            xr.Dataset({"t2m": (("lat", "lon"), np.zeros((2, 2)))}),
            ValueError,
            "no optimizer, rate, seed, role, learning_rate",
        ),
        (xr.Dataset(), ValueError, "its dimensions are none"),
        (xr.Dataset({"a": ("point", np.zeros(2))}), ValueError, "expected the Dataset of a sweep or a search"),
        (
            {"digits": xr.Dataset()},
            TypeError,
            "of one problem, got dict; read one with gradlab.lab._results.results_file.read",
        ),
        ("race/results.nc", TypeError, "of one problem, got str; read one"),
    ],
)
def test_a_foreign_dataset_is_refused(foreign: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        as_race(foreign)


@pytest.fixture
def swept(make_sweep: Callable[..., xr.Dataset]) -> xr.Dataset:
    scores = np.arange(1.0, 25).reshape(2, 6, 2)
    return make_sweep(scores, {"learning_rate": RATES, "b1": B1})


def test_each_combination_is_an_optimizer_over_its_rates(swept: xr.Dataset) -> None:
    race = as_race(swept)
    assert race.optimizer.values.tolist() == [
        f"{name} b1={b1}" for name in ("sgd", "adam") for b1 in ("0.8", "0.9", "0.95")
    ]
    assert race.family.values.tolist() == ["sgd"] * 3 + ["adam"] * 3
    assert race.final_loss.dims == ("optimizer", "rate", "seed", "evaluation")
    assert (race.learning_rate.values == [0.01, 0.1]).all()  # in their order
    found = race.final_loss.sel(optimizer="adam b1=0.9").isel(evaluation=-1).values
    np.testing.assert_array_equal(found, [[19.0, 20.0], [17.0, 18.0]])
    np.testing.assert_allclose(race.run_seconds, [1 / 3] * 3 + [2 / 3] * 3)
    assert "b1" not in race.coords


def test_each_combination_is_composed_at_its_middle_rate(swept: xr.Dataset) -> None:
    middle = str(gl.adam(0.01, b1=0.9))
    known = swept.assign_coords(composition=("optimizer", ["chain()", middle]))
    found = as_race(known).composition.values.tolist()
    assert found == ["", "", ""] + [str(gl.adam(0.1, b1=b1)) for b1 in (0.8, 0.9, 0.95)]  # "sgd" is not gradlab's
    alone = known.isel(point=[1, 0]).assign_coords(composition=("optimizer", ["chain()", str(gl.adam(0.1, b1=0.8))]))
    assert as_race(alone).composition.values.tolist() == ["chain()", str(gl.adam(0.1, b1=0.8))]


def test_it_can_be_compared_as_one(swept: xr.Dataset) -> None:
    race = as_race(swept)
    first = leaderboard(race)[0]
    assert (first.optimizer, first.best_rate, first.score) == ("sgd b1=0.8", 0.1, 2.0)
    assert summary(race).sizes["optimizer"] == 6


def test_rates_alone_are_a_race_of_the_optimizers(make_sweep: Callable[..., xr.Dataset]) -> None:
    race = as_race(make_sweep(np.ones((2, 2, 1)), {"learning_rate": [0.1, 1.0]}))
    assert race.optimizer.values.tolist() == ["sgd", "adam"]


def test_a_race_is_one_already(make_dataset: Callable[..., xr.Dataset]) -> None:
    race = make_dataset(np.ones((1, 1, 1)), [0.1], ["both"])
    assert as_race(race) is race


@pytest.mark.parametrize(
    ("points", "sampler", "message"),
    [
        ({"learning_rate": [0.1, 0.2]}, "sobol", "the points of made are samples"),
        ({"b1": [0.1, 0.2]}, "grid", "the points of made have no learning rate, only b1"),
        (
            {"learning_rate": np.full(70, 0.1), "b1": np.arange(70) / 100},
            "grid",
            "70 combinations of b1; at most 64 can be told apart",
        ),
    ],
)
def test_what_is_no_race_is_refused(
    make_sweep: Callable[..., xr.Dataset], points: Any, sampler: str, message: str
) -> None:
    count = len(next(iter(points.values())))
    with pytest.raises(ValueError, match=message):
        as_race(make_sweep(np.ones((1, count, 1)), points, sampler))
