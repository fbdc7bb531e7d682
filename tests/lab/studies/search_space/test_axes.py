"""Grids and samples are what they say."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab._studies.search_space import Linear, Log, SearchSpaceError
from gradlab.lab._studies.search_space.axes import (
    as_axes,
    format_axis,
    grid_points,
    parse_axis,
    sample_points,
    values_of,
)
from gradlab.lab._studies.size_limits import TooLargeError


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
        ("lin:0:1", r"a range without a count; .*; in Python, it is Linear\(0, 1, count=5\)"),
        ("0.1,0.1", "b1 has a value twice"),
        ("nan", "finite ones"),
    ],
)
def test_what_makes_no_grid_is_refused(text: str, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        values_of("b1", text)


def test_a_grid_has_every_combination_the_last_varying_fastest() -> None:
    found = grid_points({"a": [1.0, 2.0], "b": Linear(0, 1, 3)})
    assert found["a"].tolist() == [1, 1, 1, 2, 2, 2]
    assert found["b"].tolist() == [0, 0.5, 1, 0, 0.5, 1]


@pytest.mark.parametrize("sampler", ["sobol", "halton", "latin_hypercube", "random"])
def test_samples_lie_in_their_ranges_and_are_the_same_again(sampler: Any) -> None:
    axes: Any = {"a": Log(1e-4, 1e-1), "b": Linear(-1, 1), "c": [5.0, 6.0]}
    found = sample_points(axes, 50, sampler)
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(axes, (50,))
    assert ((found["a"] >= 1e-4) & (found["a"] <= 1e-1)).all()
    assert 10 < (found["a"] < 1e-3).sum() < 24  # a third, for it is even in the logarithm
    assert set(found["c"]) == {5.0, 6.0}
    np.testing.assert_array_equal(found["a"], sample_points(axes, 50, sampler)["a"])
    assert not np.array_equal(found["a"], sample_points(axes, 50, sampler, seed=1)["a"])


def test_quasi_random_samples_are_spread_evenly() -> None:
    found = sample_points({"a": Linear(0, 1), "b": Linear(0, 1)}, 64, "sobol")
    counts = np.histogram2d(found["a"], found["b"], bins=4, range=[[0, 1], [0, 1]])[0]
    assert (counts == 4).all()


EXACT = [0.123456789, 0.9999999, 0.12345678, 1e-300]


@pytest.mark.parametrize("axis", [EXACT, tuple(EXACT), np.array(EXACT), ",".join(map(str, EXACT))])
def test_listed_values_are_taken_as_they_are(axis: Any) -> None:
    assert values_of("b2", axis).tolist() == EXACT
    assert parse_axis("b2", format_axis(EXACT)) == EXACT


@pytest.mark.parametrize("array", [np.array, jnp.array])
def test_a_float32_is_taken_as_it_prints(array: Any) -> None:
    assert values_of("b2", array([0.1, 0.999], np.float32)).tolist() == [0.1, 0.999]


def test_values_that_differ_in_the_last_bit_are_two() -> None:
    assert len(values_of("b2", [0.1, np.nextafter(0.1, 1)])) == 2


@pytest.mark.parametrize("axis", [Linear(0.123456789, 0.987654321, 4), Log(0.123456789, 0.987654321, 4)])
def test_a_grid_begins_and_ends_where_it_was_told_to(axis: Linear) -> None:
    values = values_of("b1", axis).tolist()
    assert (values[0], values[-1]) == (0.123456789, 0.987654321)
    assert all(float(f"{value:.6g}") == value for value in values[1:-1])  # generated, so short
    assert parse_axis("b1", format_axis(axis)) == axis


def test_a_narrow_range_has_as_many_digits_as_it_takes() -> None:
    values = values_of("b2", Linear(0.9999999, 0.99999995, 6))
    np.testing.assert_allclose(np.diff(values), 1e-8, rtol=1e-3)
    low, high = 0.12345678, 0.12345679
    drawn = sample_points({"b2": Linear(low, high)}, 32)["b2"]
    assert len(set(drawn.tolist())) == 32
    assert ((drawn >= low) & (drawn <= high)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((Log, "a", 1, 3), "Log: low must be a number, got str: 'a'; a range is Log"),
        ((Linear, 0, None), "Linear: high must be a number, got NoneType: None"),
        ((Linear, False, 1), "Linear: low must be a number, got bool: False"),
        ((Linear, 0, 1, 2.5), "Linear: count must be a whole number, got float: 2.5; leave it out"),
        ((Linear, 0, 1, True), "Linear: count must be a whole number, got bool: True"),
    ],
)
def test_what_makes_no_range_is_refused(call: Any, message: str) -> None:
    kind, *arguments = call
    with pytest.raises(SearchSpaceError, match=message):
        kind(*arguments)


def test_axes_are_a_dictionary() -> None:
    assert as_axes({"a": "log:0.1:1", "b": [1]}) == {"a": Log(0.1, 1), "b": [1]}
    with pytest.raises(TypeError, match=r"hyperparameters must be a dictionary of names .*; got list: "):
        as_axes([("learning_rate", [0.1])])


def test_an_unknown_sampler_is_refused() -> None:
    with pytest.raises(
        SearchSpaceError, match=r"no sampler 'sobbol'; expected one of sobol, halton, latin_hypercube, random"
    ):
        sample_points({"a": Linear(0, 1)}, 4, "sobbol")  # type: ignore[arg-type]


def test_a_latin_hypercube_has_a_sample_in_every_part() -> None:
    found = sample_points({"a": Linear(0, 1), "b": Linear(0, 8)}, 8, "latin_hypercube")
    assert sorted((found["a"] * 8).astype(int).tolist()) == sorted(found["b"].astype(int).tolist()) == [*range(8)]


@pytest.mark.parametrize(("axes", "given"), [({"a": [1.0, 2.0], "b": 3.0}, "a=1,2, b=3"), ({"a": 0.5}, "a=0.5")])
def test_lists_alone_are_not_sampled(axes: Any, given: str) -> None:
    with pytest.raises(SearchSpaceError, match=f"samples are spread over ranges, .*; got {given}, which is a grid"):
        sample_points(axes, 4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: values_of("rate", "log:1e-4:1:10000000"),
        lambda: grid_points({"a": Linear(0, 1, 3000), "b": Linear(0, 1, 3000), "c": Linear(0, 1, 3000)}),
        lambda: sample_points({"a": Linear(0, 1)}, 10**9),
    ],
)
def test_huge_grids_are_refused_with_their_count(call: Any) -> None:
    with pytest.raises(TooLargeError, match=r"^(10,000,000|27,000,000,000|1,000,000,000) .* at most 1,000,000"):
        call()


def test_messages_stay_short() -> None:
    with pytest.raises(SearchSpaceError, match="and 999,990 more") as caught:
        values_of("a", [np.nan] * 1_000_000)
    assert len(str(caught.value)) < 200


def test_no_samples_are_an_error() -> None:
    with pytest.raises(SearchSpaceError, match="samples must be at least 1, got 0"):
        sample_points({"a": Linear(0, 1)}, 0)
    assert parse_axis("a", "lin:0:1") == Linear(0, 1)


@pytest.mark.parametrize("text", ["log:0.0001:1", "lin:0:0.99", "log:0.001:1:4", "0.8,0.95,1e-08"])
def test_an_axis_can_be_typed_again(text: str) -> None:
    assert format_axis(parse_axis("a", text)) == text


@pytest.mark.parametrize("number", [0.1, np.float32(0.1), np.array(0.1)])
def test_a_bare_number_is_a_grid_of_one(number: Any) -> None:
    assert values_of("b1", number).tolist() == [0.1]
    assert format_axis(number) == "0.1"


@pytest.mark.parametrize("axis", [None, [None], ["high"]])
def test_what_is_no_number_is_refused(axis: Any) -> None:
    with pytest.raises(SearchSpaceError, match=r"b1 needs numbers, or a range such as .*; got"):
        values_of("b1", axis)


def test_samples_refuse_a_count() -> None:
    with pytest.raises(
        SearchSpaceError, match=r"b1=lin:0:0.9:3: samples are spread over a range; leave out the count: lin:0:0.9"
    ):
        sample_points({"b1": Linear(0, 0.9, 3)}, 8)
