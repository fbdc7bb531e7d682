"""AdaBound and AMSBound: begin as Adam, end as gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl

BOTH = pytest.mark.parametrize("recipe", [gl.adabound, gl.amsbound], ids=["adabound", "amsbound"])


def bounds(f: float, gamma: float, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return f * (1 - 1 / (gamma * t + 1)), f * (1 + 1 / (gamma * t))


def momentum(g: np.ndarray, b1: float = 0.9) -> np.ndarray:
    m, out = np.zeros_like(g[0]), []
    for row in g:
        m = b1 * m + (1 - b1) * row
        out.append(m)
    return np.stack(out)


@BOTH
def test_rates_stay_between_the_bounds(
    recipe: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((40, 3)) * np.array([1e-4, 2.0, 1e4])
    rates = -rollout(recipe(0.1, final_rate=0.05, gamma=0.1), gradients) / momentum(gradients)
    lower, upper = bounds(0.05, 0.1, np.arange(1, 41)[:, None])
    assert np.all(rates >= lower * (1 - 1e-12))
    assert np.all(rates <= upper * (1 + 1e-12))
    np.testing.assert_allclose(rates[:, 0], upper[:, 0], rtol=1e-10)  # small gradients ask for large rates,
    np.testing.assert_allclose(rates[1:, 2], lower[1:, 0], rtol=1e-10)  # large ones for small
    assert np.any((rates[:, 1] > lower[:, 0] * 1.001) & (rates[:, 1] < upper[:, 0] * 0.999))


@BOTH
def test_with_wide_bounds_it_is_the_efficient_adam(
    recipe: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((5, 3))
    estimator = gl.scale_by_momentum(0.999)
    if recipe is gl.amsbound:
        estimator = gl.chain(estimator, gl.running_max())
    adam = gl.chain(
        gl.scale_by_momentum(0.9),
        gl.scale_by_rms(estimator),
        gl.bias_correction(0.9, 0.999),
        gl.scale_by_learning_rate(0.1),
    )
    got = rollout(recipe(0.1, gamma=1e-9), gradients)
    np.testing.assert_allclose(got, rollout(adam, gradients), rtol=1e-11)


@BOTH
def test_with_narrow_bounds_it_is_descent_along_the_mean(
    recipe: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((5, 3))
    got = rollout(recipe(1e-3, final_rate=0.5, gamma=1e9), gradients)
    np.testing.assert_allclose(got, -0.5 * momentum(gradients), rtol=1e-8)


@BOTH
def test_under_a_schedule_the_final_rate_falls_with_the_rate(
    recipe: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((8, 3))
    got = rollout(recipe(gl.schedules.linear(0.2, 0.1, 4), final_rate=0.5, gamma=1e9), gradients)
    shares = np.maximum(1 - np.arange(8) / 8, 0.5)[:, None]
    np.testing.assert_allclose(got, -0.5 * shares * momentum(gradients), rtol=1e-8)


@BOTH
def test_a_warm_up_from_zero_keeps_the_final_rate(
    recipe: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = rng.standard_normal((8, 3))
    got = rollout(recipe(gl.schedules.linear(0.0, 0.1, 4), final_rate=0.5, gamma=1e9), gradients)
    np.testing.assert_allclose(got, -0.5 * momentum(gradients), rtol=1e-8)


def test_amsbound_has_smaller_rates(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 5)) * 10.0 ** rng.integers(-2, 3, (60, 5))
    options = {"b2": 0.5, "gamma": 1e-4, "b1": 0.0}
    adabound = np.abs(rollout(gl.adabound(0.1, **options), gradients))
    amsbound = np.abs(rollout(gl.amsbound(0.1, **options), gradients))
    assert np.all(amsbound <= adabound * (1 + 1e-12))
    assert np.any(amsbound < 0.5 * adabound)


@BOTH
def test_a_final_rate_of_zero_stands_still(recipe: Callable[..., Any], rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(recipe(0.1, final_rate=0.0), np.ones((3, 2))), 0.0)
