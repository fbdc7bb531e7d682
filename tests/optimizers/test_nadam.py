"""Nadam: Adam with Nesterov's look-ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl
from gradlab.testing import references


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.nadam(1.0, b1=0.5, b2=0.75, eps=0.0), np.array([[2.0], [-2.0]]))
    # m = 1: 1/2 / (1 - 1/4) + 1 / (1 - 1/2) = 8/3, over 2; m = -1/2: -1/4 / (1 - 1/8) - 1 / (1 - 1/4) = -34/21, over 2
    np.testing.assert_allclose(got, [[-4 / 3], [17 / 21]], rtol=1e-13)


def test_dozats_warming_momentum(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 3))

    def u(t: int) -> float:
        return 0.9 * (1 - 0.5 * 0.96 ** (0.004 * t))

    x = references.trajectory(
        references.nadam,
        np.zeros(3),
        gradients,
        learning_rate=0.1,
        b1=lambda step: u(step + 1),
        next_b1=lambda step: u(step + 2),
    )
    got = rollout(gl.nadam(0.1, b1=gl.schedules.nadam_momentum()), gradients)
    np.testing.assert_allclose(got, np.diff(x, axis=0), rtol=1e-11, atol=1e-15)


def test_any_schedule_of_the_momentum(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((20, 3))
    x = references.trajectory(
        references.nadam,
        np.zeros(3),
        gradients,
        learning_rate=0.1,
        b1=lambda step: 0.5 + 0.01 * step,
        next_b1=lambda step: 0.5 + 0.01 * (step + 1),
    )
    expected = np.diff(x, axis=0)
    for b1 in (gl.schedules.linear(0.5, 0.9, 40), lambda step: 0.5 + 0.01 * step.astype(float)):
        np.testing.assert_allclose(rollout(gl.nadam(0.1, b1=b1), gradients), expected, rtol=1e-11, atol=1e-15)


def test_without_momentum_it_is_adam_without_momentum(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    np.testing.assert_allclose(
        rollout(gl.nadam(0.1, b1=0.0), gradients), rollout(gl.adam(0.1, b1=0.0), gradients), rtol=1e-13
    )
