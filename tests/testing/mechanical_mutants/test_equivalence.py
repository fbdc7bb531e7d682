"""Equivalence is recognized numerically, on values, states and dtypes, and on whether derivatives are finite."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.core.stateless import map_leaves
from gradlab.testing.mechanical_mutants.equivalence import RUNS, differ, find_difference, have_same_programs
from gradlab.testing.mechanical_mutants.inputs import draw_inputs


@gl.transformation
def halve_and_double(factor=0.5):
    return map_leaves(lambda d: factor * d / 3 * 6)


@gl.transformation
def double_half(factor=0.5):
    return map_leaves(lambda d: 2 * (factor * d))


@gl.transformation
def double_half_of_real_numbers(factor=0.5):
    return map_leaves(lambda d: 2 * factor * d.real.astype(d.dtype))


@gl.transformation
def double_half_but_stop(factor=0.5):
    return map_leaves(lambda d: 2 * factor * jax.lax.stop_gradient(d))


@gl.transformation
def double_half_without_slope_at_zero(factor=0.5):
    def one(d):
        root = jnp.sqrt(jnp.abs(d))
        return 2 * factor * jnp.where(d == 0, d, d * (root / root))

    return map_leaves(one)


@gl.transformation
def double_half_below_1e10(factor=0.5):
    return map_leaves(lambda d: jnp.where(jnp.abs(d) > 1e10, 0, 2 * factor * d))


def test_rounding_is_no_difference() -> None:
    assert find_difference(double_half(), halve_and_double()) is None


@pytest.mark.parametrize(
    ("mutant", "dtype"),
    [
        (double_half_of_real_numbers(), "complex64"),
        (double_half_without_slope_at_zero(), "float64 derivatives"),
        (double_half_below_1e10(), "float64"),
    ],
    ids=["complex", "derivative", "huge"],
)
def test_a_difference_is_found_in_its_dtype(mutant: gl.Transformation, dtype: str) -> None:
    difference = find_difference(double_half(), mutant)
    assert difference is not None
    assert difference.startswith(dtype)


def test_the_value_of_a_derivative_is_no_difference() -> None:
    """No law promises more of a derivative than that it is finite."""
    assert find_difference(double_half(), double_half_but_stop()) is None
    assert not have_same_programs(double_half(), double_half_but_stop(), ("float64",))


def test_the_same_operations_make_the_same_program() -> None:
    assert have_same_programs(double_half(), double_half(0.5))
    assert not have_same_programs(double_half(), halve_and_double(), ("float64",))
    assert not have_same_programs(double_half(), double_half_of_real_numbers(), ("complex64",))


def test_ten_thousand_inputs_of_all_kinds() -> None:
    runs, steps = RUNS["float64"]
    assert runs * steps >= 10_000
    gradients = draw_inputs("float64", runs, steps).gradients
    leaf = gradients["a"][0]
    assert leaf.shape == (runs, steps, 2, 3)
    sizes = np.abs(leaf).reshape(runs, -1)
    assert (sizes.max(axis=1) == 0).any()
    assert (sizes.max(axis=1) > 1e150).any()
    assert ((sizes.max(axis=1) > 0) & (sizes.max(axis=1) < 1e-150)).any()
    assert np.all(np.isfinite(leaf))
    assert (np.ptp(leaf, axis=1).max(axis=(1, 2)) == 0).any()  # repeated
    mixed = draw_inputs("mixed", 14, 2).gradients
    assert len({array.dtype for array in jax.tree.leaves(mixed)}) >= 3


def test_rounding_is_measured_in_each_run() -> None:
    expected = np.array([[1.0, 1e-9], [1e-6, 1e-6]])
    nudge = np.array([[0, 0], [0, 1e-15]])
    assert not differ(expected * (1 + 1e-12), expected, expected, 1e-10)
    assert differ(expected + nudge, expected, expected, 1e-10)
    assert not differ(expected + nudge, expected, expected + 1e-16, 1e-10)
    assert differ(np.array([[np.nan, 1.0]]), np.array([[1.0, 1.0]]), np.ones((1, 2)), 1e-10)
    assert not differ(np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0]]), np.ones((1, 2)), 1e-10)
