"""Adan, and its decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adan(1.0, b1=0.5, b2=0.5, b3=0.0, eps=0.0), np.array([[2.0], [6.0]]))
    # m^ = (1/2 * 1 + 3) / (3/4) = 14/3; the change is 4, d^ = 2 / (3/4) = 8/3; n = (6 + 2)^2.
    np.testing.assert_allclose(got, [[-1.0], [-(14 / 3 + 4 / 3) / 8]], rtol=1e-13)


def test_the_decay_divides_the_point(rollout: Callable[..., Any]) -> None:
    params = np.array([3.0])
    step = rollout(gl.adan(0.5, eps=0.0, weight_decay=2.0), np.array([[1.0]]), params)
    np.testing.assert_allclose(params + step[0], [(3.0 - 0.5) / (1 + 0.5 * 2.0)], rtol=1e-13)


def test_its_state_is_three_moments_and_one_gradient() -> None:
    state = gl.adan().init(jnp.ones((3, 2)))
    assert [leaf.shape for leaf in jax.tree.leaves(state) if leaf.ndim] == [(3, 2)] * 4
