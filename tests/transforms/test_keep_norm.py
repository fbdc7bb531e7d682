"""Steps at a constant norm: numbers by hand, what is zero, and stacks."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import gradlab as gl

LEAF = jnp.array([3.0, 4.0])  # of norm 5


def test_the_step_ends_at_the_first_norm() -> None:
    tx = gl.keep_norm()
    state = tx.init(LEAF)
    updates, state = tx.update(jnp.array([3.0, 4.0]), state, LEAF)
    np.testing.assert_array_equal(updates, 0.0)  # outward alone
    there = jnp.array([6.0, 0.0])  # the state remembers 5, not 6
    updates, _ = tx.update(jnp.array([0.0, 8.0]), state, there)
    np.testing.assert_allclose(there + updates, [3.0, 4.0])


def test_a_leaf_of_zeros_is_free_and_a_step_onto_zero_is_not_taken() -> None:
    tx = gl.keep_norm()
    np.testing.assert_array_equal(tx.update(LEAF, tx.init(0.0 * LEAF), 0.0 * LEAF)[0], LEAF)
    np.testing.assert_array_equal(tx.update(-LEAF, tx.init(LEAF), LEAF)[0], 0.0)


def test_stacked_layers_have_a_norm_each() -> None:
    stack = jnp.stack([LEAF, 10.0 * LEAF])
    tx = gl.each(gl.keep_norm())
    updates, _ = tx.update(jnp.ones((2, 2)), tx.init(stack), stack)
    np.testing.assert_allclose(jnp.linalg.norm(stack + updates, axis=1), [5.0, 50.0])
