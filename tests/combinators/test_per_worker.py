"""`per_worker`: the state gets a first axis, and nothing else changes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl


def test_the_results_are_those_of_the_transformation() -> None:
    tx = gl.adam(gl.schedules.linear(0.1, 0.0, 5))
    wrapped = gl.per_worker(tx)
    params = {"w": jnp.asarray([1.0, -2.0])}
    state, expected_state = wrapped.init(params), tx.init(params)
    for _ in range(2):
        updates, state = wrapped.update(params, state, params)
        expected, expected_state = tx.update(params, expected_state, params)
        np.testing.assert_array_equal(updates["w"], expected["w"])
    jax.tree.map(lambda leaf, alone: np.testing.assert_array_equal(leaf, alone[None]), state, expected_state)


def test_both_signals_go_through() -> None:
    gradients = jnp.asarray([[1.0, -2.0], [3.0, 0.5]])
    plain = gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.9))
    wrapped = gl.chain(gl.scale_by_momentum(0.9), gl.per_worker(gl.scale_by_rms(0.9)))
    assert gl.per_worker(gl.scale_by_momentum()).splits_gradient
    state, other = plain.init(gradients[0]), wrapped.init(gradients[0])
    for gradient in gradients:
        expected, state = plain.update(gradient, state)
        updates, other = wrapped.update(gradient, other)
        np.testing.assert_array_equal(updates, expected)
