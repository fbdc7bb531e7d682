"""ADOPT, whose second moment is that of the gradients before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adopt(1.0, b1=0.5, b2=0.75), np.array([[2.0], [1.0], [-30.0]]))
    # v = 4, then 3/4 * 4 + 1/4 = 3.25. m = 1/2 * 1/2 = 1/4, then 1/8 - 2^(1/4) / 2, as -30 / sqrt(3.25) is bounded.
    np.testing.assert_allclose(got[:, 0], [0.0, -0.25, -0.125 + 2**0.25 / 2], rtol=1e-13)


def test_a_small_root_is_bounded_and_not_added_to(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adopt(1.0, b1=0.0, eps=0.1), np.array([[0.0, 4.0], [0.05, 1.0]]))
    np.testing.assert_allclose(got[1], [-0.5, -0.25], rtol=1e-13)


def test_its_state_is_two_moments() -> None:
    state = gl.adopt().init(jnp.ones((3, 2)))
    assert [leaf.shape for leaf in jax.tree.leaves(state) if leaf.ndim] == [(3, 2)] * 2
