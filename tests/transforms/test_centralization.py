"""Gradient centralization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

SHAPES = [(3, 4), (2, 3, 4), (5, 5, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_the_mean_runs_over_all_axes_but_the_output(
    shape: tuple[int, ...], axis: int, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradient = rng.standard_normal(shape)
    others = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    got = rollout(gl.centralize(axis), gradient[None])[0]
    np.testing.assert_allclose(got, gradient - gradient.mean(others, keepdims=True), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(got.mean(others), 0.0, atol=1e-15)


def test_the_default_is_the_last_axis(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.centralize(), np.array([[[1.0, 10.0], [3.0, 30.0]]]))
    np.testing.assert_array_equal(got, [[[-1.0, -10.0], [1.0, 10.0]]])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_axis_zero_is_what_optax_does(
    shape: tuple[int, ...], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradient = jnp.asarray(rng.standard_normal(shape))
    with jax.numpy_dtype_promotion("standard"):
        expected, _ = optax.centralize().update(gradient, optax.centralize().init(gradient))
    np.testing.assert_allclose(rollout(gl.centralize(0), gradient[None])[0], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shape", [(), (4,), (1,), (0,)], ids=str)
def test_vectors_and_scalars_pass_unchanged(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    gradient = jnp.asarray(rng.standard_normal(shape))
    updates, _ = gl.centralize().update(gradient, gl.centralize().init(gradient))
    np.testing.assert_array_equal(updates, gradient)


def test_complex_and_narrow_leaves() -> None:
    tree = {"z": jnp.array([[1j, 1.0], [3j, 3.0]]), "h": jnp.array([[1.0, 0.0], [2.0, 0.0]], "bfloat16"), "n": None}
    updates, _ = gl.centralize().update(tree, gl.centralize().init(tree))
    np.testing.assert_array_equal(updates["z"], [[-1j, -1.0], [1j, 1.0]])
    assert updates["h"].dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.asarray(updates["h"], float), [[-0.5, 0.0], [0.5, 0.0]])
    assert updates["n"] is None


def test_a_nan_stays_with_its_output(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.centralize(), np.array([[[np.nan, 1.0], [1.0, 2.0]]]))[0]
    assert np.isnan(got[:, 0]).all()
    np.testing.assert_array_equal(got[:, 1], [-0.5, 0.5])
