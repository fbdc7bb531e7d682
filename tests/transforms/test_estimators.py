"""Estimators: the running maximum and the running sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


@pytest.mark.parametrize("tx", [gl.running_max(), gl.running_sum(0.5)])
def test_the_state_is_at_least_float32(tx: Any) -> None:
    tree = {"a": jnp.ones(2, "bfloat16"), "b": jnp.ones((), "float64"), "c": jnp.ones(1, "complex64")}
    (state,) = tx.init(tree)
    assert {name: leaf.dtype.name for name, leaf in state.items()} == {"a": "float32", "b": "float64", "c": "complex64"}
