"""MARS-AdamW, whose gradient is corrected by its last change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    # gamma b1 / (1 - b1) = 1/2: c = 1/4, then 1/2 + 1/8 = 5/8; b2 = 0 leaves m^ / |c|, m^ = (1/16 + 5/16) / (3/4).
    got = rollout(gl.mars(1.0, b1=0.5, b2=0.0, eps=0.0, gamma=0.5), np.array([[0.25], [0.5]]))
    np.testing.assert_allclose(got, [[-1.0], [-0.5 / 0.625]], rtol=1e-13)


def test_the_norm_of_a_leaf_is_bounded_before_the_moments(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[3.0, 4.0], [0.3, 0.4]])
    got = rollout(gl.mars(1.0, b1=0.5, b2=0.0, eps=0.0, gamma=0.0), gradients)
    np.testing.assert_allclose(got[1], np.full(2, -(0.25 * 1.0 + 0.5 * 0.5) / 0.75 / 0.5), rtol=1e-13)


def test_without_a_change_or_a_bound_it_is_adamw(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    got = rollout(gl.mars(0.1, 0.9, 0.99, weight_decay=0.3, gamma=0.0, max_norm=np.inf), gradients)
    np.testing.assert_allclose(got, rollout(gl.adamw(0.1, 0.9, 0.99, weight_decay=0.3), gradients), rtol=1e-12)


def test_its_state_is_two_moments_and_one_gradient() -> None:
    state = gl.mars().init(jnp.ones((3, 2)))
    assert [leaf.shape for leaf in jax.tree.leaves(state) if leaf.ndim] == [(3, 2)] * 3
