"""`sam` and `asam` are the algorithms of their papers, and optax's where that is right."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.combinators.point_runs import START, STEPS, slope, visit


def ascend(x: np.ndarray, rho: float, eta: float | None) -> np.ndarray:
    """Return the way uphill: that of SAM, or that of ASAM for a number eta."""
    sizes = np.ones_like(x) if eta is None else np.abs(x) + eta
    return rho * sizes**2 * slope(x) / np.linalg.norm(sizes * slope(x))


@pytest.mark.parametrize(
    ("make", "eta"),
    [(gl.sam, None), (gl.asam, 0.01), (lambda tx, rho: gl.asam(tx, rho, 0.3), 0.3)],
    ids=["sam", "asam", "asam of another eta"],
)
def test_the_step_takes_the_gradient_uphill(make: Any, eta: float | None) -> None:
    run, x, v = visit(make(gl.sgd(0.1, momentum=0.9), 0.2)), START, np.zeros(3)
    for t in range(STEPS):
        v = 0.9 * v + slope(x + ascend(x, 0.2, eta))
        x = x - 0.1 * v
        np.testing.assert_allclose(run.params[t], x, rtol=1e-11)


def test_sam_is_optaxs() -> None:
    ascent = optax.chain(optax.contrib.normalize(), optax.sgd(0.2))
    other = optax.contrib.sam(optax.sgd(0.1), ascent, sync_period=2, opaque_mode=True, reset_state=False)

    def step(carry: Any, _: Any) -> Any:
        x, state = carry
        updates, state = other.update(slope(x), state, x, grad_fn=lambda x, _: slope(x))
        x = optax.apply_updates(x, updates)
        return (x, state), x

    with jax.numpy_dtype_promotion("standard"):  # which optax needs
        x = jnp.asarray(START)
        points = jax.lax.scan(step, (x, other.init(x)), length=STEPS)[1]
    np.testing.assert_allclose(visit(gl.sam(gl.sgd(0.1), 0.2)).params, points, rtol=1e-10)


def test_the_norm_is_that_of_all_leaves() -> None:
    params = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    tx = gl.sam(gl.chain(), 5.0)
    seen = []

    def gradient_fn(at: Any) -> Any:
        seen.append(at)
        return at

    tx.update(params, tx.init(params), params, gradient_fn=gradient_fn)
    np.testing.assert_allclose([seen[0]["a"][0], seen[0]["b"][0]], [6.0, 8.0], rtol=1e-12)


def test_a_zero_gradient_has_no_uphill() -> None:
    for make in (gl.sam, gl.asam):
        tx = make(gl.sgd(0.1))
        updates, _ = tx.update(jnp.zeros(3), tx.init(jnp.zeros(3)), jnp.zeros(3), gradient_fn=lambda x: x)
        np.testing.assert_array_equal(updates, np.zeros(3))


def test_make_step_gives_the_second_gradient() -> None:
    step = gl.make_step(lambda x, batch: jnp.sum(batch * x**2))
    tx, batch, x = gl.sam(gl.sgd(0.1), 0.5), jnp.array([1.0, 2.0]), jnp.array([1.0, -1.0])
    gradient = 2 * np.array([1.0, 2.0]) * np.array([1.0, -1.0])
    ahead = np.array([1.0, -1.0]) + 0.5 * gradient / np.linalg.norm(gradient)
    params, _, _ = step(tx, x, tx.init(x), batch)
    np.testing.assert_allclose(params, np.array([1.0, -1.0]) - 0.1 * 2 * np.array([1.0, 2.0]) * ahead, rtol=1e-12)


def test_without_a_gradient_function_it_says_what_to_do() -> None:
    tx = gl.sam(gl.sgd(0.1))
    with pytest.raises(
        ValueError, match=r"needs the gradient as a function of the parameters: gl\.make_step passes it"
    ):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)), jnp.ones(2))
    with pytest.raises(ValueError, match=r"accumulate: .* reads gradient_fn"):
        gl.accumulate(tx, every=2)
