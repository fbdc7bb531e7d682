"""AdaMax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adamax(1.0, b1=0.5, b2=0.25), np.array([[4.0], [-0.5], [-2.0]]))
    # m = 2, 3/4, -5/8; u = 4, 1, 2; 1 - b1^t = 1/2, 3/4, 7/8
    np.testing.assert_allclose(got, [[-1.0], [-1.0], [5 / 14]], rtol=1e-14)


def test_the_published_form_has_no_eps(rollout: Callable[..., Any]) -> None:
    assert gl.adamax().eps == 0.0
    np.testing.assert_allclose(
        rollout(gl.adamax(0.1), np.array([[1e-200, -1e200, 0.0]])), [[-0.1, 0.1, 0.0]], rtol=1e-13
    )


def test_eps_is_added_to_the_norm(rollout: Callable[..., Any]) -> None:
    np.testing.assert_allclose(rollout(gl.adamax(0.1, eps=3.0), np.array([[1.0]])), [[-0.025]], rtol=1e-13)


def test_steps_are_bounded_by_the_rate(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((200, 10)) * 10.0 ** rng.integers(-6, 7, (200, 10))
    assert np.abs(rollout(gl.adamax(0.1), gradients)).max() <= 0.1 * (1 + 1e-9)  # Kingma & Ba, section 7.1
