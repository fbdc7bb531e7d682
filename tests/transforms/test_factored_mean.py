"""Factored second moments, what they save, and the links of Adafactor beside them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

RANDOM = np.random.default_rng(0)
SMALL = {"min_size": 2}


def test_a_mean_of_rank_one_is_exact() -> None:
    square = np.outer([1.0, 2.0, 3.0], [0.5, 4.0])
    tx = gl.factored_mean(0.75, min_size=2)
    estimate, _ = tx.update(jnp.asarray(square), tx.init(jnp.zeros((3, 2))))
    np.testing.assert_allclose(estimate, 0.25 * square)


def test_the_state_is_a_row_and_a_column() -> None:
    params = {"w": jnp.zeros((300, 200)), "stack": jnp.zeros((4, 150, 130)), "thin": jnp.zeros((300, 100))}
    state = gl.factored_mean().init(params | {"b": jnp.zeros(200)})
    assert jax.tree.map(jnp.shape, state.rows, is_leaf=None) == {
        "w": (1, 200), "stack": (4, 1, 130), "thin": (300, 100), "b": (200,),
    }  # fmt: skip
    assert jax.tree.map(jnp.shape, state.columns) == {"w": (300, 1), "stack": (4, 150, 1), "thin": (), "b": ()}


def test_tiny_gradients_keep_their_direction_in_float32() -> None:
    g = jnp.asarray(1e-18 * RANDOM.standard_normal((4, 3)), jnp.float32)  # the product of two means would be 1e-72
    tx = gl.scale_by_rms(gl.factored_mean(0.0, eps=0.0, min_size=2), eps=0.0)
    updates, _ = tx.update(g, tx.init(g))
    np.testing.assert_allclose(jnp.sqrt(jnp.mean(updates**2)), 1.0, rtol=0.3)


@pytest.mark.parametrize("shape", [(5, 4), (4, 5), (3, 4, 5)])
@pytest.mark.parametrize("options", [{}, {"decay_rate": 0.5, "clipping_threshold": 0.5, "weight_decay": 0.1}], ids=str)
def test_adafactor_moves_as_in_the_reference(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    gradients, start = RANDOM.standard_normal((30, *shape)), RANDOM.standard_normal(shape)
    options = options | SMALL
    expected = references.trajectory(references.adafactor, start, gradients, learning_rate=0.1, **options)
    assert_same_path(points(gl.adafactor(0.1, **options), jnp.asarray(start), jnp.asarray(gradients)), expected)


def test_adafactor_of_optax_agrees() -> None:
    """It computes the decay in float32."""
    gradients, start = jnp.asarray(RANDOM.standard_normal((30, 4, 5))), jnp.asarray(RANDOM.standard_normal((4, 5)))
    with jax.numpy_dtype_promotion("standard"):
        expected = points(gl.chain(optax.adafactor(0.1, min_dim_size_to_factor=2)), start, gradients)
    assert_same_path(points(gl.adafactor(0.1, min_size=2), start, gradients), np.asarray(expected), 1e-6)


def test_the_bound_of_the_rms() -> None:
    tx = gl.clip_by_rms(2.0)
    for size, expected in ((1.0, 1.0), (6.0, 2.0)):
        np.testing.assert_allclose(tx.update(jnp.full(9, size), tx.init(jnp.zeros(9)))[0], expected)


def test_the_rms_of_the_parameters() -> None:
    tx = gl.scale_by_param_rms(0.5, max_rms=1.0)
    for size, expected in ((3.0, 3.0), (0.1, 0.5)):
        updates, _ = tx.update(jnp.ones(4), tx.init(jnp.zeros(4)), jnp.array([1.0, -1.0, 1.0, -1.0]) * size)
        np.testing.assert_allclose(updates, expected)


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="min_size must be at least 1"):
        gl.factored_mean(min_size=0)
