"""Adadelta: no rate, and the units of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adadelta(0.5, rho=0.5, eps=1.0), np.array([[2.0], [-2.0]]))
    # v = 2, d = 2 sqrt(1/3), w = 2/3; v = 3, d = -2 sqrt((2/3 + 1) / 4)
    np.testing.assert_allclose(got, [[-np.sqrt(1 / 3)], [0.5 * np.sqrt(5 / 3)]], rtol=1e-14)


def test_the_rate_stays_out_of_the_running_mean(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    np.testing.assert_allclose(
        rollout(gl.adadelta(0.25), gradients), 0.25 * rollout(gl.adadelta(1.0), gradients), rtol=1e-14
    )


@pytest.mark.parametrize("unit", [1e-3, 1e4])
def test_the_step_has_the_unit_of_the_parameter(
    unit: float, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    """Parameters in other units: the gradient is divided by the unit, and the step must be multiplied by it."""
    gradients = rng.standard_normal((10, 3))
    got = rollout(gl.chain(gl.scale_by_rms(0.9, 0.0), gl.scale_by_update_rms(0.9, 1e-6 * unit**2)), gradients / unit)
    expected = rollout(gl.chain(gl.scale_by_rms(0.9, 0.0), gl.scale_by_update_rms(0.9, 1e-6)), gradients)
    np.testing.assert_allclose(got, unit * expected, rtol=1e-10)


def test_the_default_rate_is_one_and_goes_down(rollout: Callable[..., Any]) -> None:
    assert gl.adadelta().learning_rate == 1.0
    first = rollout(gl.adadelta(), np.array([[2.0, -1e-3]]))
    np.testing.assert_allclose(first, [[-np.sqrt(1e-5), np.sqrt(1e-6) * 1e-3 / np.sqrt(1e-7 + 1e-6)]], rtol=1e-5)


def test_without_eps_it_never_moves(rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(gl.adadelta(eps=0.0), np.ones((5, 2))), 0.0)


def test_a_weight_decay_is_part_of_the_gradient_where_the_mask_says_so() -> None:
    params, gradients = {"w": jnp.array([2.0]), "b": jnp.array([2.0])}, {"w": jnp.array([1.0]), "b": jnp.array([1.0])}
    tx = gl.adadelta(1.0, weight_decay=0.25, weight_decay_mask={"w": True, "b": False})
    updates, _ = tx.update(gradients, tx.init(params), params)
    plain = gl.adadelta(1.0)
    expected, _ = plain.update({"w": jnp.array([1.5]), "b": jnp.array([1.0])}, plain.init(params))
    np.testing.assert_allclose([updates["w"], updates["b"]], [expected["w"], expected["b"]], rtol=1e-15)
    with pytest.raises(ValueError, match="add_decayed_weights needs the parameters"):
        tx.update(gradients, tx.init(params))
