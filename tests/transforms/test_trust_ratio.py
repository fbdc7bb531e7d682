"""The trust ratio: numbers by hand, what is zero, and stacks."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

import gradlab as gl

LEAF = jnp.array([3.0, 4.0])  # of norm 5


def test_the_norm_is_a_share_of_that_of_the_leaf() -> None:
    tx = gl.scale_by_trust_ratio(0.1)
    updates, _ = tx.update(jnp.array([0.0, 2.0]), tx.init(LEAF), LEAF)
    np.testing.assert_allclose(updates, [0.0, 0.1 * 5.0])


def test_decay_enters_both_the_direction_and_the_denominator() -> None:
    tx = gl.scale_by_trust_ratio(1.0, weight_decay=0.2, eps=1.0)
    updates, _ = tx.update(jnp.array([0.0, 2.0]), tx.init(LEAF), LEAF)
    np.testing.assert_allclose(updates, 5.0 / (2.0 + 0.2 * 5.0 + 1.0) * np.array([0.6, 2.8]))


def test_a_leaf_of_zeros_and_a_gradient_of_zero() -> None:
    tx = gl.scale_by_trust_ratio(0.1)
    np.testing.assert_array_equal(tx.update(LEAF, tx.init(LEAF), 0.0 * LEAF)[0], LEAF)
    np.testing.assert_array_equal(tx.update(0.0 * LEAF, tx.init(LEAF), LEAF)[0], 0.0)


def test_norms_whose_squares_overflow_or_vanish() -> None:
    tx = gl.scale_by_trust_ratio()
    for size in (1e-30, 1e30):
        updates, _ = tx.update(size * LEAF.astype("float32"), tx.init(LEAF), LEAF.astype("float32"))
        np.testing.assert_allclose(updates, LEAF, rtol=1e-6)


def test_stacked_layers_have_a_ratio_each() -> None:
    stack = jnp.stack([LEAF, 10.0 * LEAF])
    tx = gl.each(gl.scale_by_trust_ratio())
    np.testing.assert_allclose(
        tx.update(jnp.ones((2, 2)), tx.init(stack), stack)[0], [[5 / 2**0.5] * 2, [50 / 2**0.5] * 2]
    )


def test_a_mask_leaves_out_the_ratio_and_the_decay() -> None:
    params = {"w": LEAF, "bias": LEAF}
    for tx, plain in (
        (gl.lamb(0.1, mask=gl.path("w")), gl.adam(0.1, eps=1e-6)),
        (gl.lars(0.1, mask=gl.path("w")), gl.sgd(0.1)),
    ):
        updates, _ = tx.update(params, tx.init(params), params)
        expected, _ = plain.update(params, plain.init(params))
        np.testing.assert_allclose(updates["bias"], expected["bias"])
        assert not np.allclose(updates["w"], expected["w"])
