"""Gradient descent: what its momentum and Nesterov's mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

CURVATURES = np.array([0.1, 1.0, 3.0])


def gradient(x: np.ndarray) -> np.ndarray:
    return CURVATURES * x


def descend(tx: Any, steps: int) -> np.ndarray:
    x = jnp.ones(3)
    state = tx.init(x)
    points = [np.asarray(x)]
    for _ in range(steps):
        updates, state = tx.update(jnp.asarray(gradient(np.asarray(x))), state, x)
        x = x + updates
        points.append(np.asarray(x))
    return np.stack(points)


def test_it_is_made_of_two_parts_or_three() -> None:
    assert gl.sgd(0.1).links == (gl.scale_by_learning_rate(0.1),)
    assert gl.sgd(0.1, 0.9).links == (gl.scale_by_momentum(0.9, 0.0), gl.scale_by_learning_rate(0.1))
    assert len(gl.sgd(0.1, 0.9, nesterov=True).links) == 3


def test_heavy_ball_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.sgd(0.1, momentum=0.5), np.array([[2.0], [-3.0], [0.0]]))  # v = 2, -2, -1
    np.testing.assert_allclose(got, [[-0.2], [0.2], [0.1]], rtol=1e-14)


def test_dampening_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.sgd(0.1, momentum=0.5, dampening=0.25), np.array([[2.0], [-3.0]]))  # v = 1.5, 0.75 - 2.25
    np.testing.assert_allclose(got, [[-0.15], [0.15]], rtol=1e-14)


def test_full_dampening_never_moves(rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(gl.sgd(0.1, 0.9, dampening=1.0), np.ones((3, 2))), 0.0)


def test_zero_momentum_is_plain_descent(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((4, 3))
    for nesterov in (False, True):
        tx = gl.sgd(0.1, momentum=0.0, nesterov=nesterov)
        np.testing.assert_allclose(rollout(tx, gradients), -0.1 * gradients, rtol=1e-15)


RATES = {
    "constant": (0.1, lambda t: 0.1),
    "falling": (gl.schedules.inverse_time(0.2, 3.0), lambda t: 0.2 / (1 + t / 3)),
}


@pytest.mark.parametrize("rate", RATES)
def test_nesterov_takes_the_gradient_where_momentum_is_about_to_arrive(rate: str) -> None:
    """The stored point is x + u v; x and v follow the look-ahead form of Sutskever et al., also as the rate falls."""
    schedule, number = RATES[rate]
    u, x, v = 0.9, np.ones(3), np.zeros(3)
    expected = [x + u * v]
    for t in range(30):
        v = u * v - number(t) * gradient(x + u * v)
        x = x + v
        expected.append(x + u * v)
    got = descend(gl.sgd(schedule, momentum=u, nesterov=True), 30)
    np.testing.assert_allclose(got, expected, atol=1e-14)


def test_nesterov_does_so_also_while_the_momentum_changes() -> None:
    def momentum(t: int) -> float:
        return 0.5 + 0.01 * t

    x, v = np.ones(3), np.zeros(3)
    expected = [x]
    for t in range(30):
        v = momentum(t) * v - 0.1 * gradient(x + momentum(t) * v)
        x = x + v
        expected.append(x + momentum(t + 1) * v)
    tx = gl.sgd(0.1, momentum=gl.schedules.linear(0.5, 1.0 - 1e-9, 50), nesterov=True)
    np.testing.assert_allclose(descend(tx, 30), expected, atol=1e-8)


def test_heavy_ball_under_a_falling_rate_has_the_rate_outside_of_the_buffer(rollout: Callable[..., Any]) -> None:
    tx = gl.sgd(gl.schedules.piecewise(1.0, (1,), (0.1,)), momentum=0.5)
    got = rollout(tx, np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(got, [[-1.0], [-0.05]], rtol=1e-14)


def test_nesterov_under_a_falling_rate_has_it_inside(rollout: Callable[..., Any]) -> None:
    tx = gl.sgd(gl.schedules.piecewise(1.0, (1,), (0.1,)), momentum=0.5, nesterov=True)
    got = rollout(tx, np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(got, [[-1.5], [-0.25]], rtol=1e-14)  # v = -1, then -1/2


def test_momentum_is_faster_on_a_ravine() -> None:
    plain, heavy, nesterov = (
        np.abs(descend(tx, 60)[-1]).max()
        for tx in (gl.sgd(0.3), gl.sgd(0.3, momentum=0.6), gl.sgd(0.3, momentum=0.6, nesterov=True))
    )
    assert heavy < plain / 3
    assert nesterov < plain / 3
