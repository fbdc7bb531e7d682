"""Bias correction undoes the pull of the zeros that running means start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.transforms.bias_correction import power_weight


@pytest.mark.parametrize(("first", "second"), [(0.9, None), (None, 0.999), (0.9, 0.999), (0.0, 0.0), (0.5, 0.25)])
def test_bias_correction(first: float | None, second: float | None, rollout: Callable[..., Any]) -> None:
    directions = np.arange(1.0, 11.0).reshape(5, 2)
    t = np.arange(1, 6)[:, None]
    up = 1.0 if second is None else np.sqrt(1 - second**t)
    down = 1.0 if first is None else 1 - first**t
    np.testing.assert_allclose(
        rollout(gl.bias_correction(first, second), directions), directions * up / down, rtol=1e-13
    )


@pytest.mark.parametrize("arguments", [{}, {"as_power": True}, {"first_decay": None, "second_decay": None}], ids=str)
def test_it_needs_a_decay_to_correct_anything(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"would correct nothing; give first_decay, .*, second_decay, .*, or both$"):
        gl.bias_correction(**arguments)


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.999, 0.99999])
def test_it_makes_running_means_of_a_constant_exact(decay: float, rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.scale_by_momentum(decay), gl.bias_correction(decay))
    np.testing.assert_allclose(rollout(tx, np.full((4, 2), 3.0)), 3.0, rtol=1e-13)


def test_it_does_so_in_float32_too(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.scale_by_momentum(0.999), gl.bias_correction(0.999))
    got = rollout(tx, np.full((4, 2), 3.0, np.float32))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, 3.0, rtol=3e-7)  # 1 - 0.999**t computed in float32 is off by 1e-5


def test_a_scheduled_decay_is_corrected_by_the_product_of_its_values(rollout: Callable[..., Any]) -> None:
    decays = gl.schedules.join((0.9, 0.5, 0.1, 0.7), (1, 2, 3))
    tx = gl.bias_correction(decays)
    products = np.cumprod([0.9, 0.5, 0.1, 0.7])
    np.testing.assert_allclose(rollout(tx, np.ones((4, 1)))[:, 0], 1 / (1 - products), rtol=1e-13)
    mean = gl.chain(gl.scale_by_momentum(decays), tx)
    np.testing.assert_allclose(rollout(mean, np.full((4, 1), 3.0)), 3.0, rtol=1e-13)


def test_the_state_keeps_the_weights() -> None:
    tx = gl.bias_correction(0.9)
    state = tx.init(jnp.ones(2))
    assert state.first_weight == 0
    assert state.second_weight == ()
    _, state = tx.update(jnp.ones(2), state)
    np.testing.assert_allclose(state.first_weight, 0.1, rtol=1e-15)


def test_complex_directions_keep_their_phase(rollout: Callable[..., Any]) -> None:
    np.testing.assert_allclose(rollout(gl.bias_correction(0.5), np.array([[1j, 1.0]])), [[2j, 2.0]])


def test_after_very_many_steps_nothing_is_left_to_correct() -> None:
    tx = gl.bias_correction(0.9, 0.9)
    state = tx.init(jnp.ones(1))._replace(first_weight=jnp.ones(()), second_weight=jnp.ones(()))
    updates, state = tx.update(jnp.ones(1), state)
    np.testing.assert_allclose(updates, 1.0, rtol=1e-15)
    np.testing.assert_allclose(state.first_weight, 1.0, rtol=1e-15)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.5, 0.9, 0.999, 1 - 1e-7])
def test_the_power_is_exact_for_every_decay(decay: float) -> None:
    """To the precision of float32, where the plain 1 - 0.999^t is off by 1e-5, with its derivative -t b^(t-1)."""
    rounded = float(np.float32(decay))
    for step in (1, 2, 10, 100_000):
        weight, slope = jax.value_and_grad(power_weight)(jnp.float32(decay), jnp.int32(step))
        exact = -np.expm1(step * np.log(rounded)) if rounded else 1.0
        np.testing.assert_allclose(weight, exact, rtol=3e-7)
        np.testing.assert_allclose(slope, -step * rounded ** (step - 1), rtol=1e-4, atol=1e-30)


def test_a_scheduled_decay_is_corrected_by_its_power(rollout: Callable[..., Any]) -> None:
    first, second = gl.schedules.linear(0.1, 0.8, 7), gl.schedules.linear(0.9, 0.99, 7)
    got = rollout(gl.bias_correction(first, second, as_power=True), np.ones((8, 2)))
    for t, row in enumerate(got, start=1):
        b1, b2 = 0.1 + 0.1 * (t - 1), 0.9 + 0.09 / 7 * (t - 1)
        np.testing.assert_allclose(row, np.sqrt(1 - b2**t) / (1 - b1**t), rtol=1e-12)
