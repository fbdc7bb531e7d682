"""Grids and samples are what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradlab.lab.grid import GridError, Lin, Log, parse, points, samples, typed, values_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.8,0.9,0.95", [0.8, 0.9, 0.95]),
        ("1e-3", [0.001]),
        ("lin:0:1:5", [0, 0.25, 0.5, 0.75, 1]),
        ("log:1e-4:1e-1:4", [1e-4, 1e-3, 1e-2, 1e-1]),
        ("log:0.01:1:1", [0.1]),
        ("log:0.1:1:3", [0.1, 0.316228, 1]),  # can be typed
    ],
)
def test_what_is_typed_becomes_values(text: str, values: list[float]) -> None:
    assert values_of("b1", text).tolist() == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b1=: expected numbers"),
        ("0.8,x", "b1=0.8,x: expected numbers"),
        ("log:1:2:3:4", "expected numbers .* or log:LOW:HIGH:COUNT"),
        ("lin:1", "expected numbers"),
        ("log:0:1:3", "b1=log:0:1:3: a logarithmic range needs numbers above zero, got 0"),
        ("lin:1:0:3", "the lower first; got 1 and 0"),
        ("lin:0:1:0", "at least one value, got 0"),
        ("lin:0:1", "a range without a count"),
        ("0.1,0.1", "b1 has a value twice"),
        ("nan", "finite ones"),
    ],
)
def test_what_makes_no_grid_is_refused(text: str, message: str) -> None:
    with pytest.raises(GridError, match=message):
        values_of("b1", text)


def test_a_grid_has_every_combination_the_last_varying_fastest() -> None:
    found = points({"a": [1.0, 2.0], "b": Lin(0, 1, 3)})
    assert found["a"].tolist() == [1, 1, 1, 2, 2, 2]
    assert found["b"].tolist() == [0, 0.5, 1, 0, 0.5, 1]


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_samples_lie_in_their_ranges_and_are_the_same_again(sampler: Any) -> None:
    axes: Any = {"a": Log(1e-4, 1e-1), "b": Lin(-1, 1), "c": [5.0, 6.0]}
    found = samples(axes, 50, sampler)
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(axes, (50,))
    assert ((found["a"] >= 1e-4) & (found["a"] <= 1e-1)).all()
    assert 10 < (found["a"] < 1e-3).sum() < 24  # a third, for it is even in the logarithm
    assert set(found["c"]) == {5.0, 6.0}
    np.testing.assert_array_equal(found["a"], samples(axes, 50, sampler)["a"])
    assert not np.array_equal(found["a"], samples(axes, 50, sampler, seed=1)["a"])


def test_quasi_random_samples_are_spread_evenly() -> None:
    found = samples({"a": Lin(0, 1), "b": Lin(0, 1)}, 64, "sobol")
    counts = np.histogram2d(found["a"], found["b"], bins=4, range=[[0, 1], [0, 1]])[0]
    assert (counts == 4).all()


def test_no_samples_are_an_error() -> None:
    with pytest.raises(GridError, match="samples must be at least 1, got 0"):
        samples({"a": Lin(0, 1)}, 0)
    assert parse("a", "lin:0:1") == Lin(0, 1)


@pytest.mark.parametrize("text", ["log:0.0001:1", "lin:0:0.99", "log:0.001:1:4", "0.8,0.95,1e-08"])
def test_an_axis_can_be_typed_again(text: str) -> None:
    assert typed(parse("a", text)) == text


@pytest.mark.parametrize("number", [0.1, np.float32(0.1), np.array(0.1)])
def test_a_bare_number_is_a_grid_of_one(number: Any) -> None:
    assert values_of("b1", number).tolist() == [0.1]
    assert typed(number) == "0.1"


@pytest.mark.parametrize("axis", [None, [None], ["high"]])
def test_what_is_no_number_is_refused(axis: Any) -> None:
    with pytest.raises(GridError, match=r"b1 needs numbers, or a range such as .*; got"):
        values_of("b1", axis)


def test_samples_refuse_a_count() -> None:
    with pytest.raises(
        GridError, match=r"b1=lin:0:0.9:3: samples are spread over a range; leave out the count: lin:0:0.9"
    ):
        samples({"b1": Lin(0, 0.9, 3)}, 8)
