"""`schedule_free` is algorithm 1 of its paper, and optax's where that is right."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

from .point_runs import START, STEPS, slope, visit


def algorithm_1(rates: np.ndarray, beta: float, p: float, r: float) -> tuple[np.ndarray, np.ndarray]:
    """Return y and x after each step, with the weights of the whole past at each step."""
    z, points, ys, xs = START, [], [], []
    y = z
    for t in range(STEPS):
        z = z - rates[t] * slope(y)
        points.append(z)
        largest = np.maximum.accumulate(rates[: t + 1])
        weights = np.arange(1, t + 2) ** r * largest**p
        x = weights @ np.stack(points) / weights.sum() if weights.sum() else START
        y = beta * x + (1 - beta) * z
        ys.append(y)
        xs.append(x)
    return np.stack(ys), np.stack(xs)


WARM_UP = np.minimum(np.arange(STEPS) / 8, 1.0) * 0.2  # its first rate is 0


@pytest.mark.parametrize("store_average", [False, True])
@pytest.mark.parametrize(("beta", "p", "r"), [(0.9, 2.0, 0.0), (0.5, 1.0, 1.0), (0.0, 0.0, 0.5)])
def test_it_is_the_algorithm_of_the_paper(beta: float, p: float, r: float, store_average: bool) -> None:
    rate = gl.schedules.linear(0.0, 0.2, 8)
    run = visit(gl.schedule_free_sgd(rate, beta, weight_lr_power=p, weight_power=r, store_average=store_average))
    y, x = algorithm_1(WARM_UP, beta, p, r)
    np.testing.assert_allclose(run.params, y, rtol=1e-11)
    np.testing.assert_allclose(run.evaluated, x, rtol=1e-11)


def visit_with_optax(tx: Any) -> tuple[np.ndarray, np.ndarray]:
    with jax.numpy_dtype_promotion("standard"):  # which optax needs

        def step(carry: Any, _: Any) -> Any:
            y, state = carry
            updates, state = tx.update(slope(y), state, y)
            y = optax.apply_updates(y, updates)
            return (y, state), (y, optax.contrib.schedule_free_eval_params(state, y))

        y = jnp.asarray(START)
        return jax.jit(lambda y: jax.lax.scan(step, (y, tx.init(y)), length=STEPS))(y)[1]


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (
            gl.schedule_free_sgd(0.1, 0.8, weight_decay=0.01),
            optax.contrib.schedule_free_sgd(0.1, b1=0.8, weight_decay=0.01),
        ),
        (
            gl.schedule_free_adamw(0.1, weight_decay=0.01),
            optax.contrib.schedule_free_adamw(0.1, weight_decay=0.01),
        ),
    ],
    ids=["sgd", "adamw"],
)
def test_it_is_optaxs_at_a_constant_rate(own: Any, other: Any) -> None:
    run, (y, x) = visit(own), visit_with_optax(other)
    np.testing.assert_allclose(run.params, y, rtol=1e-10)
    np.testing.assert_allclose(run.evaluated, x, rtol=1e-10)


def test_optax_weighs_each_step_by_the_rate_of_the_next_one() -> None:
    rate = gl.schedules.linear(0.0, 0.2, 8)
    other = optax.contrib.schedule_free(gl.sgd(rate), rate)
    y, _ = visit_with_optax(other)
    np.testing.assert_allclose(visit(gl.schedule_free(gl.sgd(rate), gl.schedules.shift(rate, 1))).params, y, rtol=1e-10)
    assert np.abs(visit(gl.schedule_free(gl.sgd(rate), rate)).params - y).max() > 1e-3


def test_a_share_that_changes_leaves_the_average_where_it_is() -> None:
    falling = gl.schedules.linear(0.9, 0.5, 20)
    run = visit(gl.schedule_free(gl.sgd(0.1), b1=falling))
    z, x, y, total = START, START, START, np.zeros(3)
    for t in range(STEPS):
        z = z - 0.1 * slope(y)
        total, beta = total + z, max(0.9 - 0.4 * t / 20, 0.5)
        x = total / (t + 1)
        y = beta * x + (1 - beta) * z
        np.testing.assert_allclose(run.evaluated[t], x, rtol=1e-11)


def test_a_tiny_rate_weighs_as_any_other() -> None:
    """Its square is 0 in float32."""
    x = jnp.ones(2, jnp.float32)
    tx = gl.schedule_free(gl.sgd(1.0), 1e-30)
    state = tx.init(x)
    for _ in range(3):
        _, state = tx.update(jnp.ones(2, jnp.float32), state, x)
    np.testing.assert_allclose(state.weight_sum, 3.0)


def train(tx: Any, dtype: str) -> np.ndarray:
    @jax.jit
    def run(tx: Any, x: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            x, state = carry
            updates, state = tx.update(x - jnp.asarray(0.5, dtype), state, x)
            return (optax.apply_updates(x, updates), state), None

        x, state = jax.lax.scan(step, (x, tx.init(x)), length=2000)[0]
        return gl.eval_params(tx, state, x)

    return np.asarray(run(tx, jnp.asarray([3.0, -2.0], dtype)), np.float64)


def test_a_stored_average_does_not_lose_its_small_steps_in_half_precision() -> None:
    exact = train(gl.schedule_free(gl.sgd(2e-3)), "float64")
    stored = train(gl.schedule_free(gl.sgd(2e-3), store_average=True), "bfloat16")
    recovered = train(gl.schedule_free(gl.sgd(2e-3)), "bfloat16")
    np.testing.assert_allclose(stored, exact, atol=0.02)
    assert np.abs(recovered - exact).max() > 0.5


def test_the_state_is_one_copy_of_the_parameters_or_two() -> None:
    def size(tx: Any) -> int:
        return sum(leaf.size for leaf in jax.tree.leaves(tx.init(jnp.ones(1000)))) // 1000

    assert size(gl.schedule_free_sgd()) == 1
    assert size(gl.schedule_free_adamw()) == 2
    assert size(gl.schedule_free_sgd(store_average=True)) == 2


def test_an_optimizer_with_points_of_its_own_is_refused() -> None:
    for inner in (gl.average_params(gl.sgd(0.1)), gl.lookahead(gl.sgd(0.1)), gl.nag(0.1)):
        with pytest.raises(ValueError, match=r"schedule_free moves the parameters, but the point that .* defines"):
            gl.schedule_free(inner)
