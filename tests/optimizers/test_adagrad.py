"""Adagrad: a rate for each parameter, which only falls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adagrad(1.0, eps=0.5), np.array([[3.0], [-4.0], [12.0]]))  # s = 9, 25, 169
    np.testing.assert_allclose(got, [[-3 / 3.5], [4 / 5.5], [-12 / 13.5]], rtol=1e-14)


def test_eps_is_outside_of_the_root(rollout: Callable[..., Any]) -> None:
    np.testing.assert_allclose(rollout(gl.adagrad(1.0, eps=1e-10), np.array([[1e-10]])), [[-0.5]], rtol=1e-12)


def test_the_accumulator_may_start_above_zero(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adagrad(1.0, initial_accumulator_value=7.0, eps=0.0), np.array([[3.0]]))
    np.testing.assert_allclose(got, [[-0.75]], rtol=1e-15)


def test_rates_never_rise(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((50, 4))
    rates = np.abs(rollout(gl.adagrad(0.1), gradients) / gradients)
    assert np.all(np.diff(rates, axis=0) < 0)
    np.testing.assert_allclose(np.abs(rollout(gl.adagrad(0.1), gradients)[0]), 0.1, rtol=1e-8)


def test_a_constant_gradient_gives_steps_that_fall_as_the_root_of_the_time(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adagrad(1.0, eps=0.0), np.full((9, 1), 5.0))[:, 0]
    np.testing.assert_allclose(got, -1 / np.sqrt(np.arange(1, 10)), rtol=1e-14)


def test_rare_features_keep_a_large_rate(rollout: Callable[..., Any]) -> None:
    gradients = np.zeros((20, 2))
    gradients[:, 0], gradients[-1, 1] = 1.0, 1.0
    last = rollout(gl.adagrad(0.1, eps=0.0), gradients)[-1]
    np.testing.assert_allclose(last, [-0.1 / np.sqrt(20), -0.1], rtol=1e-14)
