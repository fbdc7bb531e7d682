"""RMSProp, plain, centered, and with momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.rmsprop(1.0, decay=0.75, eps=0.5), np.array([[2.0], [-2.0]]))  # v = 1, 1.75
    np.testing.assert_allclose(got, [[-2 / 1.5], [2 / (np.sqrt(1.75) + 0.5)]], rtol=1e-14)


def test_centered_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.rmsprop(1.0, decay=0.5, eps=0.0, centered=True), np.array([[2.0], [-2.0]]))
    # v = 2, mean = 1, variance 1; v = 3, mean = -1/2, variance 2.75
    np.testing.assert_allclose(got, [[-2.0], [2 / np.sqrt(2.75)]], rtol=1e-14)


def test_momentum_averages_the_scaled_gradient(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    scaled = -rollout(gl.rmsprop(1.0), gradients)
    buffer, heavy, nesterov = np.zeros(3), [], []
    for d in scaled:
        buffer = 0.9 * buffer + d
        heavy.append(-0.1 * buffer)
        nesterov.append(-0.1 * (d + 0.9 * buffer))
    np.testing.assert_allclose(rollout(gl.rmsprop(0.1, momentum=0.9), gradients), heavy, rtol=1e-12)
    got = rollout(gl.rmsprop(0.1, momentum=0.9, nesterov=True), gradients)
    np.testing.assert_allclose(got, nesterov, rtol=1e-12)


def test_the_rate_is_outside_of_the_momentum_buffer(rollout: Callable[..., Any]) -> None:
    tx = gl.rmsprop(gl.schedules.piecewise(1.0, (1,), (0.1,)), decay=0.0, eps=0.0, momentum=0.5)
    np.testing.assert_allclose(rollout(tx, np.array([[3.0], [0.0]])), [[-1.0], [-0.05]], rtol=1e-14)


def test_eps_is_outside_of_the_root(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.rmsprop(1.0, decay=0.0, eps=1e-8), np.array([[1e-8]]))
    np.testing.assert_allclose(got, [[-0.5]], rtol=1e-12)


def test_eps_is_inside_of_the_root_where_that_is_asked_for(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.rmsprop(1.0, decay=0.0, eps=7.0, eps_in_sqrt=True), np.array([[3.0]]))
    np.testing.assert_allclose(got, [[-3 / 4]], rtol=1e-14)


def test_it_starts_where_it_is_told_and_corrects_the_start_too(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[2.0], [2.0]])
    got = rollout(gl.rmsprop(1.0, decay=0.5, eps=0.0, initial_scale=8.0), gradients)  # v = 6, 5
    np.testing.assert_allclose(got, [[-2 / np.sqrt(6)], [-2 / np.sqrt(5)]], rtol=1e-14)
    got = rollout(gl.rmsprop(1.0, decay=0.5, eps=0.0, initial_scale=8.0, bias_correction=True), gradients)
    np.testing.assert_allclose(got, [[-2 / np.sqrt(12)], [-2 / np.sqrt(20 / 3)]], rtol=1e-14)


def test_the_centered_mean_starts_at_zero(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.rmsprop(1.0, decay=0.5, eps=0.0, centered=True, initial_scale=8.0), np.array([[2.0]]))
    np.testing.assert_allclose(got, [[-2 / np.sqrt(5)]], rtol=1e-14)  # v = 6, mean 1


def test_steps_forget_old_gradients(rollout: Callable[..., Any]) -> None:
    gradients = np.concatenate([np.full((50, 1), 100.0), np.full((150, 1), 0.01)])
    np.testing.assert_allclose(rollout(gl.rmsprop(0.1, decay=0.8), gradients)[-1], -0.1, rtol=1e-4)
    assert abs(rollout(gl.adagrad(0.1), gradients)[-1, 0]) < 1e-5  # which Adagrad never does


def test_parts() -> None:
    assert [link.factory.name for link in gl.rmsprop(0.1, centered=True, momentum=0.9, nesterov=True).links] == [
        "scale_by_stddev",
        "scale_by_momentum",
        "nesterov",
        "scale_by_learning_rate",
    ]
