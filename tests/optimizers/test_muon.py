"""Muon: which leaves are orthogonalized, in which rate the others move, and its options."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((20, 5, 3))


@pytest.mark.parametrize(
    "options", [{}, {"nesterov": False}, {"momentum": 0.5, "weight_decay": 0.3}], ids=["default", "plain", "decay"]
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_moves_as_in_the_reference(options: dict[str, Any], turned: bool) -> None:
    gradients = GRADIENTS.swapaxes(1, 2) if turned else GRADIENTS
    start = np.full(gradients.shape[1:], 0.5)
    expected = references.trajectory(references.muon, start, gradients, learning_rate=0.1, **options)
    assert_same_path(points(gl.muon(0.1, **options), jnp.asarray(start), jnp.asarray(gradients)), expected)


def test_the_conventions_mirror_each_other() -> None:
    start = jnp.zeros((5, 3))
    flax = points(gl.muon(0.1), start, jnp.asarray(GRADIENTS))
    torch = points(gl.muon(0.1, layout="torch"), start.T, jnp.asarray(GRADIENTS.swapaxes(1, 2)))
    np.testing.assert_allclose(flax, torch.swapaxes(1, 2), atol=1e-12)


def test_a_selector_chooses_the_hidden_layers() -> None:
    params = {"embedding": jnp.ones((3, 2)), "hidden": jnp.ones((3, 2)), "bias": jnp.ones(2)}
    gradients = jax.tree.map(lambda p: 2.0 * p, params)
    tx = gl.muon(0.1, matrices=gl.ndim(2) & ~gl.path("embedding"))
    updates, _ = tx.update(gradients, tx.init(params), params)
    for name in ("embedding", "bias"):
        np.testing.assert_allclose(updates[name], -0.0015)  # the first step of Adam is its rate
    o = references.orthogonalize(np.full((3, 2), 2.0), {}, 1, np.zeros(()))[0]
    np.testing.assert_allclose(updates["hidden"], -0.1 * o, rtol=1e-6)


def test_the_other_leaves_have_a_rate_and_decays_of_their_own() -> None:
    gradients = GRADIENTS[:, :, 0]
    options: dict[str, Any] = {"b1": 0.5, "b2": 0.7, "eps": 1e-3}
    expected = references.trajectory(references.adam, np.zeros(5), gradients, learning_rate=0.01, **options)
    of_adam: dict[str, Any] = {f"adam_{name}": value for name, value in options.items()}
    tx = gl.muon(0.1, adam_learning_rate=0.01, **of_adam)
    assert_same_path(points(tx, jnp.zeros(5), jnp.asarray(gradients)), expected)
