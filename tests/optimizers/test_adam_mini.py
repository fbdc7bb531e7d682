"""Adam-mini against its reference on matrices, and its choices of blocks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((30, 4, 6))


def test_a_matrix_moves_as_in_the_reference() -> None:
    options: dict[str, Any] = {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "weight_decay": 0.3}
    start = np.full((4, 6), 0.5)
    expected = references.trajectory(references.adam_mini, start, GRADIENTS, learning_rate=0.1, **options)
    assert_same_path(points(gl.adam_mini(0.1, **options), jnp.asarray(start), jnp.asarray(GRADIENTS)), expected)


def test_selectors_choose_tokens_and_heads() -> None:
    params = {"embedding": jnp.zeros((4, 6)), "query": jnp.zeros((4, 3, 2)), "up": jnp.zeros((4, 6))}
    gradients = jnp.asarray(GRADIENTS[0])
    tx = gl.adam_mini(0.1, embeddings=gl.path("embedding"), heads=gl.path("query"))
    updates, _ = tx.update(jax.tree.map(lambda p: gradients.reshape(p.shape), params), tx.init(params), params)
    for name, axes in (("embedding", 1), ("query", (0, 2)), ("up", 0)):
        g = gradients.reshape(params[name].shape)
        expected = -0.1 * g / (jnp.sqrt(jnp.mean(g**2, axes, keepdims=True)) + 1e-8)
        np.testing.assert_allclose(updates[name], expected, rtol=1e-12)


def test_heads_may_be_rows_of_one_weight() -> None:
    params = {"q_proj": jnp.zeros((6, 4))}
    g = jnp.asarray(GRADIENTS[0].T)
    tx = gl.adam_mini(0.1, layout="torch", heads=gl.path("q_proj"), head_layout="torch", head_size=2)
    updates, _ = tx.update({"q_proj": g}, tx.init(params), params)
    rms = jnp.sqrt(jnp.mean(g.reshape(3, 8) ** 2, axis=1))
    np.testing.assert_allclose(updates["q_proj"].reshape(3, 8), -0.1 * g.reshape(3, 8) / (rms[:, None] + 1e-8))
