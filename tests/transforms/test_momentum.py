"""Momentum and Nesterov's look ahead, against a NumPy line of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl


@pytest.fixture
def gradients(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((8, 3))


def running_mean(g: np.ndarray, decay: float, dampening: float | None = None, initial: float = 0.0) -> np.ndarray:
    m, moments = np.full_like(g[0], initial), []
    for row in g:
        m = decay * m + (1 - (decay if dampening is None else dampening)) * row
        moments.append(m)
    return np.stack(moments)


@pytest.mark.parametrize("decay", [0.9, 0.0, 0.999])
@pytest.mark.parametrize("dampening", [None, 0.0, 0.5, 1.0])
def test_scale_by_momentum(
    decay: float, dampening: float | None, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.scale_by_momentum(decay, dampening), gradients)
    np.testing.assert_allclose(got, running_mean(gradients, decay, dampening), rtol=1e-13, atol=1e-16)


def test_left_out_dampening_is_the_decay(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_momentum(0.8), gradients)
    np.testing.assert_array_equal(got, rollout(gl.scale_by_momentum(0.8, 0.8), gradients))
    assert np.abs(got - rollout(gl.scale_by_momentum(0.8, 0.0), gradients)).max() > 0.1


def test_momentum_is_optaxs_ema_and_trace(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    for ours, theirs in (
        (gl.scale_by_momentum(0.9), optax.ema(0.9, debias=False)),
        (gl.scale_by_momentum(0.9, dampening=0.0), optax.trace(0.9)),
    ):
        state, expected = theirs.init(jnp.zeros(3)), []
        for g in gradients:
            with jax.numpy_dtype_promotion("standard"):
                updates, state = theirs.update(jnp.asarray(g), state)
            expected.append(updates)
        np.testing.assert_allclose(rollout(ours, gradients), expected, rtol=1e-14)


def test_the_moment_starts_where_it_is_told(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_momentum(0.9, initial=2.0), gradients)
    np.testing.assert_allclose(got, running_mean(gradients, 0.9, initial=2.0), rtol=1e-13)


def test_complex_gradients_average_by_parts(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    z = gradients + 1j * gradients[::-1]
    got = rollout(gl.scale_by_momentum(0.9), z)
    expected = running_mean(gradients, 0.9) + 1j * running_mean(gradients[::-1], 0.9)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_a_scheduled_decay_is_that_of_the_step(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    decays = gl.schedules.linear(0.1, 0.8, 7)
    got = rollout(gl.scale_by_momentum(decays), gradients)
    m = np.zeros(3)
    for t, (g, row) in enumerate(zip(gradients, got)):
        b = 0.1 + 0.1 * t
        m = b * m + (1 - b) * g
        np.testing.assert_allclose(row, m, rtol=1e-13)


def test_bfloat16_accumulates_in_float32() -> None:
    tx = gl.scale_by_momentum(0.999)
    state = tx.init(jnp.ones(1, "bfloat16"))
    assert state.moment.dtype == jnp.float32
    updates = jnp.zeros(1)
    for _ in range(20):
        updates, state = tx.update(jnp.ones(1, "bfloat16"), state)
    assert updates.dtype == jnp.bfloat16
    np.testing.assert_allclose(state.moment, 1 - 0.999**20, rtol=1e-5)  # in bfloat16 it would have stuck


@pytest.mark.parametrize("link", [gl.scale_by_momentum(0.9), gl.nesterov(0.9)])
def test_a_nan_stays_in_its_element(link: Any, rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    gradients[2, 1] = np.nan
    got = rollout(link, gradients)
    assert np.isfinite(got[:, [0, 2]]).all()
    assert np.isnan(got[2, 1])


# Nesterov.


@pytest.mark.parametrize("dampening", [None, 0.0, 0.5])
def test_nesterov_adds_the_gradient_to_the_moment(
    dampening: float | None, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    decay = 0.9
    tx = gl.chain(gl.scale_by_momentum(decay, dampening), gl.nesterov(decay, dampening))
    share = 1 - (decay if dampening is None else dampening)
    expected = decay * running_mean(gradients, decay, dampening) + share * gradients
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-13)


def test_nesterov_is_optaxs(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    theirs = optax.trace(0.9, nesterov=True)
    state, expected = theirs.init(jnp.zeros(3)), []
    for g in gradients:
        with jax.numpy_dtype_promotion("standard"):
            updates, state = theirs.update(jnp.asarray(g), state)
        expected.append(updates)
    tx = gl.chain(gl.scale_by_momentum(0.9, 0.0), gl.nesterov(0.9, 0.0))
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-13)


def test_nesterov_reads_the_gradient_and_not_the_direction(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(gl.scale_by_momentum(0.9), gl.scale(5.0), gl.nesterov(0.5, 0.0))
    np.testing.assert_allclose(rollout(tx, gradients), 0.5 * 5.0 * running_mean(gradients, 0.9) + gradients, rtol=1e-13)


def test_nesterov_looks_ahead_with_the_next_decay(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(gl.scale_by_momentum(0.9), gl.nesterov(0.9, next_decay=0.3))
    np.testing.assert_allclose(rollout(tx, gradients), 0.3 * running_mean(gradients, 0.9) + 0.1 * gradients, rtol=1e-13)


def test_corrected_nesterov_undoes_the_products_of_the_decays(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    u = 0.1 + 0.1 * np.arange(9)  # u_1 ... u_9, and the last is only looked at
    schedule = gl.schedules.linear(0.1, 0.9, 8)
    tx = gl.chain(
        gl.scale_by_momentum(schedule),
        gl.nesterov(schedule, next_decay=gl.schedules.shift(schedule, 1), corrected=True),
    )
    m, expected = np.zeros(3), []
    for t, g in enumerate(gradients, start=1):
        m = u[t - 1] * m + (1 - u[t - 1]) * g
        now, ahead = np.prod(u[:t]), np.prod(u[: t + 1])
        expected.append(u[t] * m / (1 - ahead) + (1 - u[t - 1]) * g / (1 - now))
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-12)


def test_corrected_nesterov_of_a_constant_gradient_is_that_gradient_in_sum(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.scale_by_momentum(0.9), gl.nesterov(0.9, corrected=True))
    got = rollout(tx, np.ones((3, 1)))[:, 0]
    t = np.arange(1, 4)
    expected = 0.9 * (1 - 0.9**t) / (1 - 0.9 ** (t + 1)) + 0.1 / (1 - 0.9**t)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert abs(got[0] - (0.9 / 1.9 + 1)) < 1e-12


def test_a_heavy_ball_begins_at_its_first_direction_and_rests_while_the_decay_is_zero(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    decays = np.array([0.0, 0.9, 0.9, 0.0, 0.0, 0.9, 0.5, 0.9])
    got = rollout(gl.scale_by_heavy_ball(lambda step: jnp.asarray(decays)[step], 0.3), gradients)
    buffer: Any = None
    for decay, g, row in zip(decays, gradients, got):
        if decay == 0:
            np.testing.assert_array_equal(row, g)
            continue
        buffer = g if buffer is None else decay * buffer + 0.7 * g
        np.testing.assert_allclose(row, buffer, rtol=1e-13)


def test_an_undampened_heavy_ball_is_momentum(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_heavy_ball(0.9), gradients)
    np.testing.assert_array_equal(got, rollout(gl.scale_by_momentum(0.9, dampening=0.0), gradients))


def test_nesterov_corrects_by_powers_of_the_decay_of_the_step(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    decays = 0.1 + 0.1 * np.arange(8)
    schedule = gl.schedules.linear(0.1, 0.8, 7)
    got = rollout(
        gl.chain(gl.scale_by_momentum(schedule), gl.nesterov(schedule, corrected=True, as_power=True)), gradients
    )
    m = np.zeros(3)
    for t, (b, g, row) in enumerate(zip(decays, gradients, got), start=1):
        m = b * m + (1 - b) * g
        np.testing.assert_allclose(row, b * m / (1 - b ** (t + 1)) + (1 - b) * g / (1 - b**t), rtol=1e-12)
