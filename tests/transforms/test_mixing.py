"""Mixing with the gradient: quasi-hyperbolic momentum, and Nesterov's as a case of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, [2.0, 4.0]), (1.0, [1.0, 2.5]), (0.5, [1.5, 3.25]), (2.0, [0.0, 1.0])]
)
def test_by_hand(share: float, expected: list[float], rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.scale_by_momentum(0.5), gl.mix_with_gradient(share))
    np.testing.assert_array_equal(rollout(tx, np.array([[2.0], [4.0]])), np.array(expected)[:, None])


def test_a_share_equal_to_the_decay_is_nesterovs(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((8, 3))
    mixed, nesterov = (gl.chain(gl.scale_by_momentum(0.8), link(0.8)) for link in (gl.mix_with_gradient, gl.nesterov))
    np.testing.assert_allclose(rollout(mixed, gradients), rollout(nesterov, gradients), rtol=1e-14)


def test_it_mixes_with_the_gradient_behind_a_clip(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.clip_by_value(1.0), gl.scale_by_momentum(0.5), gl.mix_with_gradient(0.5))
    np.testing.assert_array_equal(rollout(tx, np.array([[4.0]])), [[0.75]])
