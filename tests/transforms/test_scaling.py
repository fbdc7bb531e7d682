"""Links that multiply by a number, or keep the sign only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


@pytest.mark.parametrize("factor", [2.0, -0.5, 0.0, 1e-300, 1e300])
def test_scale(factor: float, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(rollout(gl.scale(factor), gradients), factor * gradients)


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_scale_by_learning_rate_turns_downhill(
    rate: float, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(rollout(gl.scale_by_learning_rate(rate), gradients), -rate * gradients)


def test_scaling_complex_leaves(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[1 + 2j, -3j]])
    np.testing.assert_array_equal(rollout(gl.scale(2.0), gradients), 2 * gradients)
    np.testing.assert_array_equal(rollout(gl.scale_by_learning_rate(0.5), gradients), -0.5 * gradients)


def test_a_mixed_tree_keeps_its_dtypes() -> None:
    tree = {"a": jnp.ones(2, "bfloat16"), "b": (jnp.ones(3, "complex64"), None), "c": jnp.ones(()), "d": jnp.ones((0,))}
    updates, _ = gl.scale(0.1).update(tree, gl.scale(0.1).init(tree))
    assert {name: updates[name].dtype.name for name in "acd"} == {"a": "bfloat16", "c": "float64", "d": "float64"}
    assert updates["b"][0].dtype == jnp.complex64
    assert updates["b"][1] is None
    assert updates["d"].shape == (0,)
    np.testing.assert_array_equal(updates["a"], jnp.full(2, 0.1, "bfloat16"))


def test_float16_overflows_only_at_the_end_of_a_chain() -> None:
    tx = gl.chain(gl.scale(1e6), gl.scale(1e-6))
    updates, _ = tx.update(jnp.full(2, 3.0, "float16"), tx.init(jnp.ones(2, "float16")))
    assert updates.dtype == jnp.float16
    np.testing.assert_allclose(np.asarray(updates, float), 3.0, rtol=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_scale_by_sign(dtype: str, rollout: Callable[..., Any]) -> None:
    gradients = jnp.array([[2.0, -1e-7, 0.0, -0.0, np.inf, np.nan]], dtype)
    got = rollout(gl.scale_by_sign(), gradients)
    assert got.dtype == dtype
    np.testing.assert_array_equal(np.asarray(got, float), [[1.0, -1.0, 0.0, 0.0, 1.0, np.nan]])


@pytest.mark.parametrize(("dtype", "extremes"), [("complex64", (1e30, 1e-30)), ("complex128", (1e300, 1e-300))])
def test_scale_by_sign_keeps_the_phase_of_complex_numbers_of_any_size(
    dtype: str, extremes: tuple[float, float], rollout: Callable[..., Any]
) -> None:
    huge, tiny = extremes
    gradients = jnp.array([[3 + 4j, -2, 5j, 0, huge * (3 + 4j), tiny * (3 - 4j)]], dtype)
    expected = [[0.6 + 0.8j, -1, 1j, 0, 0.6 + 0.8j, 0.6 - 0.8j]]
    np.testing.assert_allclose(rollout(gl.scale_by_sign(), gradients), expected, rtol=1e-6)
