"""Estimators: the running maximum and sum, the additive mean, and the mean of the steps before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


def test_running_max(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    values = rng.standard_normal((6, 3))
    expected = np.maximum.accumulate(np.maximum(values, 0.0), axis=0)
    np.testing.assert_array_equal(rollout(gl.running_max(), values), expected)


def test_running_max_of_complex_numbers_is_by_magnitude(rollout: Callable[..., Any]) -> None:
    z = np.array([[1 + 1j], [-3j], [2.0], [3 + 1j]])
    np.testing.assert_array_equal(rollout(gl.running_max(), z), [[1 + 1j], [-3j], [-3j], [3 + 1j]])


def test_running_max_keeps_a_nan_in_its_element(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.running_max(), np.array([[1.0, 1.0], [np.nan, 2.0], [3.0, 1.0]]))
    np.testing.assert_array_equal(got[:, 1], [1.0, 2.0, 2.0])
    assert np.isnan(got[1, 0])


@pytest.mark.parametrize("initial", [0.0, 0.5])
def test_running_sum(initial: float, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    values = rng.standard_normal((6, 3))
    got = rollout(gl.running_sum(initial), values)
    np.testing.assert_allclose(got, initial + np.cumsum(values, axis=0), rtol=1e-13)


@pytest.mark.parametrize("tx", [gl.running_max(), gl.running_sum(0.5), gl.additive_mean(), gl.lagged_mean()])
def test_the_state_is_at_least_float32(tx: Any) -> None:
    tree = {"a": jnp.ones(2, "bfloat16"), "b": jnp.ones((), "float64"), "c": jnp.ones(1, "complex64")}
    state, *_ = tx.init(tree)
    assert {name: leaf.dtype.name for name, leaf in state.items()} == {"a": "float32", "b": "float64", "c": "complex64"}


def test_the_additive_mean_moves_by_a_share_of_what_comes(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.additive_mean(0.5, initial=1.0), np.array([[4.0], [2.0], [2.0], [0.0]]))
    np.testing.assert_array_equal(got, [[3.0], [2.0], [2.0], [2.0]])  # at an equal one and at 0 it rests


def test_the_additive_mean_of_complex_numbers_compares_their_magnitudes(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.additive_mean(0.5), np.array([[4j], [1.0]]))
    np.testing.assert_array_equal(got, [[2j], [-0.5 + 2j]])


def test_the_lagged_mean_is_that_of_the_steps_before(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    values = rng.standard_normal((7, 3))
    plain = rollout(gl.scale_by_heavy_ball(0.7, dampening=0.7), values)
    np.testing.assert_allclose(rollout(gl.lagged_mean(0.7), values), [values[0], *plain[:-1]], rtol=1e-14)


def test_the_lagged_mean_keeps_one_array() -> None:
    state = gl.lagged_mean().init(jnp.ones(3))
    assert [leaf.size for leaf in jax.tree.leaves(state)] == [3, 1]
