"""Estimates of the curvature: exact for a diagonal Hessian, when they run, errors, and the whole of Sophia."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references

CURVATURE = jnp.array([3.0, -0.5, 0.1])


def gradient_of(x: Any) -> Any:
    return CURVATURE * x


def test_the_estimate_is_exact_for_a_diagonal_hessian() -> None:
    tx, x = gl.hutchinson(), jnp.ones(3)
    estimate, state = tx.update(jnp.zeros(3), tx.init(x), x, gradient_fn=gradient_of)
    np.testing.assert_allclose(estimate, CURVATURE, rtol=1e-15)
    assert int(state.step) == 1


def test_the_estimate_of_another_hessian_has_it_as_its_mean() -> None:
    hessian = jnp.array([[2.0, 1.0], [1.0, -3.0]])
    tx, x = gl.hutchinson(key=4), jnp.zeros(2)

    def estimate(state: Any, _: Any) -> Any:
        result, state = tx.update(x, state, x, gradient_fn=lambda x: hessian @ x)
        return state, result

    estimates = np.asarray(jax.lax.scan(estimate, tx.init(x), None, length=400)[1])
    assert {tuple(e) for e in estimates.round(9)} == {(3.0, -2.0), (1.0, -4.0)}  # the signs agree, or do not
    np.testing.assert_allclose(estimates.mean(axis=0), [2.0, -3.0], atol=0.2)


def test_the_curvature_is_estimated_in_some_steps_only() -> None:
    calls: list[int] = []

    def count(x: Any) -> Any:
        jax.debug.callback(lambda: calls.append(1))
        return CURVATURE * x

    tx, x = gl.scale_by_curvature(gl.hutchinson(), decay=0.5, gamma=1.0, eps=0.1, every=3), jnp.ones(3)
    state, update = tx.init(x), jax.jit(lambda g, s: tx.update(g, s, x, gradient_fn=count))
    for step, share in enumerate([0.5, 0.5, 0.5, 0.75]):
        updates, state = update(x, state)
        jax.block_until_ready(updates)
        np.testing.assert_allclose(updates, 1 / np.maximum(share * np.asarray(CURVATURE), 0.1), err_msg=f"{step}")
    jax.effects_barrier()
    assert len(calls) == 2


def test_sophia_g_squares_the_gradient_of_sampled_labels() -> None:
    tx = gl.sophia(0.1, b1=0.5, b2=0.0, gamma=1.0, limit=10.0, signal=gl.gauss_newton_bartlett(8.0))
    x = jnp.ones(2)
    updates, _ = tx.update(jnp.array([1.0, -2.0]), tx.init(x), x, sampled_gradient=jnp.array([0.5, 1.0]))
    np.testing.assert_allclose(updates, [-0.1 * 0.5 / (8 * 0.25), 0.1 * 1.0 / 8])


def test_a_training_step_passes_what_the_estimate_needs() -> None:
    def loss(x: Any, batch: Any) -> Any:
        return 0.5 * jnp.sum(batch * x**2)

    tx, x = gl.sophia(0.1, every=2, gamma=0.5), jnp.array([1.0, -0.01])
    state, step = tx.init(x), gl.make_step(loss, donate=False)
    expected = np.asarray(x)
    own: Any = {}
    for t in range(1, 4):
        change, own = references.sophia(
            3.0 * expected, own, t, expected, learning_rate=0.1, every=2, gamma=0.5, curvature=3.0
        )
        x, state, _ = step(tx, x, state, jnp.array([3.0, 3.0]))
        expected = expected + change
        np.testing.assert_allclose(x, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("tx", "text"),
    [(gl.hutchinson(), "hutchinson needs the gradient as a function"), (gl.gauss_newton_bartlett(), "labels that are")],
)
def test_what_is_missing_is_named(tx: Any, text: str) -> None:
    x = jnp.ones(2)
    with pytest.raises(ValueError, match=text):
        tx.update(x, tx.init(x), x)


def test_no_step_between_estimates_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1; got 0"):
        gl.sophia(every=0)
