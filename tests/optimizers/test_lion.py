"""Lion and cautious Lion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    # m = 4/2 = 2, then 2/2 - 1/2 = 1/2. The second sign is that of 0.8 * 2 - 0.2 = 1.4, though both gradient and
    # 0.2 * 1/2 - 0.8 would say -1; the third that of 0.8 * 1/2 - 0.2 * 3 = -0.2.
    got = rollout(gl.lion(1.0, b1=0.8, b2=0.5), np.array([[4.0], [-1.0], [-3.0]]))
    np.testing.assert_array_equal(got, [[-1.0], [-1.0], [1.0]])


def test_one_decay_is_signum(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((20, 4))
    np.testing.assert_array_equal(
        rollout(gl.lion(0.1, b1=0.9, b2=0.9), gradients), rollout(gl.signum(0.1, 0.9), gradients)
    )


def test_its_decays_may_be_scheduled(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((30, 4))
    m, expected = np.zeros(4), []
    for t, g in enumerate(gradients):
        b1, b2 = 0.5 + 0.4 * min(t / 20, 1), 0.9 - 0.3 * min(t / 20, 1)
        expected.append(-np.sign(b1 * m + (1 - b1) * g))
        m = b2 * m + (1 - b2) * g
    schedules = gl.schedules.linear(0.5, 0.9, 20), lambda step: 0.9 - 0.3 * jnp.minimum(step / 20, 1.0)
    np.testing.assert_array_equal(rollout(gl.lion(1.0, *schedules), gradients), expected)


def test_its_state_is_one_momentum() -> None:
    state = gl.lion(weight_decay=0.1).init(jnp.ones((3, 2)))
    assert [leaf.shape for leaf in jax.tree.leaves(state)] == [(3, 2)]


def test_a_decay_of_zero_is_refused_for_the_momentum() -> None:
    with pytest.raises(ValueError, match=r"lion: b2 must be .*\(0, 1\).*got 0"):
        gl.lion(b2=0.0)


def test_cautious_lion_rests_where_its_sign_opposes_the_gradient(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.cautious_lion(1.0, b1=0.8, b2=0.5), np.array([[4.0, 4.0], [-1.0, 4.0]]))
    np.testing.assert_array_equal(got, [[-1.0, -1.0], [0.0, -2.0]])
