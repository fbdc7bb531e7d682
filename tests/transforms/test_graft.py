"""Grafting: the size of one transformation on the direction of another."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import gradlab as gl

G = {"a": jnp.array([3.0, -4.0]), "b": jnp.array([0.0, 1e-3])}


def test_each_leaf_has_the_direction_of_one_and_the_size_of_the_other() -> None:
    tx = gl.graft(gl.scale_by_sign(), gl.scale(2.0))
    updates, _ = tx.update(G, tx.init(G))
    np.testing.assert_allclose(updates["a"], 10.0 / np.sqrt(2) * np.array([1.0, -1.0]))
    np.testing.assert_allclose(updates["b"], [0.0, 2e-3])


def test_both_read_the_gradient_of_the_chain_and_keep_states_of_their_own() -> None:
    tx = gl.chain(gl.scale_by_momentum(0.5), gl.graft(gl.gradient(), gl.chain()), gl.scale(-1.0))
    state = tx.init(G)
    for gradient, m in ((G, 0.5), ({name: -leaf for name, leaf in G.items()}, 0.25)):
        updates, state = tx.update(gradient, state)
        np.testing.assert_allclose(updates["a"], -m * gradient["a"])


def test_sizes_whose_squares_overflow_or_vanish_and_zeros() -> None:
    small = {name: leaf.astype("float32") for name, leaf in G.items()}
    tx = gl.graft(gl.scale(1e-30), gl.scale(1e30))
    np.testing.assert_allclose(tx.update(small, tx.init(small))[0]["a"], [3e30, -4e30], rtol=1e-6)
    for zero in (gl.graft(gl.scale(0.0), gl.chain()), gl.graft(gl.chain(), gl.scale(0.0))):
        np.testing.assert_array_equal(zero.update(G, zero.init(G))[0]["a"], 0.0)
