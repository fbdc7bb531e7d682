"""Normalization: the norm of the whole tree, as it is or in units of the parameters."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl

TREE = {"a": jnp.array([3.0, 0.0]), "b": jnp.array([[4.0]])}
PARAMS = {"a": jnp.array([2.0, 0.0]), "b": jnp.array([[-0.5]])}


def test_the_norm_is_that_of_the_whole_tree() -> None:
    got, _ = gl.scale_to_global_norm(10.0).update(TREE, gl.scale_to_global_norm().init(TREE))
    jax.tree.map(lambda g, d: np.testing.assert_allclose(g, 2 * d, rtol=1e-15), got, TREE)


def test_squares_neither_overflow_nor_vanish() -> None:
    for size in (1e-30, 1e30):
        tree = jax.tree.map(lambda d, size=size: jnp.asarray(size * d, jnp.float32), TREE)
        got, _ = gl.scale_to_global_norm(5.0).update(tree, gl.scale_to_global_norm().init(tree))
        jax.tree.map(lambda g, d: np.testing.assert_allclose(g, d, rtol=1e-6), got, TREE)


def test_zeros_stay_and_complex_numbers_keep_their_phase() -> None:
    tx = gl.scale_to_global_norm(1.0)
    np.testing.assert_array_equal(tx.update(jnp.zeros(2), tx.init(jnp.zeros(2)))[0], np.zeros(2))
    got, _ = tx.update(jnp.array([3j, 4.0]), tx.init(jnp.zeros(2)))
    np.testing.assert_allclose(got, [0.6j, 0.8], rtol=1e-15)


def test_relative_to_the_parameters_the_norm_is_that_in_their_units() -> None:
    tx = gl.scale_to_relative_norm(0.3, 0.1)
    got, _ = tx.update(TREE, tx.init(TREE), PARAMS)
    units = jax.tree.map(lambda d, x: d / (jnp.abs(x) + 0.1), got, PARAMS)
    flat, along = (np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]) for tree in (units, TREE))
    np.testing.assert_allclose(np.linalg.norm(flat), 0.3, rtol=1e-14)
    # No other direction of that norm rises faster along the tree.
    sizes = np.array([2.1, 0.1, 0.6])
    random = np.random.default_rng(0).standard_normal((1000, 3))
    others = 0.3 * sizes * random / np.linalg.norm(random, axis=1, keepdims=True)
    assert (others @ along).max() < (flat * sizes) @ along


def test_a_parameter_of_zero_does_not_move_without_an_offset() -> None:
    tx = gl.scale_to_relative_norm(1.0)
    got, _ = tx.update(jnp.array([1.0, 1.0]), tx.init(jnp.ones(2)), jnp.array([0.0, 2.0]))
    np.testing.assert_allclose(got, [0.0, 2.0], rtol=1e-15)
