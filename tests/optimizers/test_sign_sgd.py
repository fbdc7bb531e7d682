"""Sign descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl


def test_every_parameter_moves_by_exactly_the_rate(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.sign_sgd(0.1), np.array([[1e-300, -1e300, 0.0, 3.0]]))
    np.testing.assert_array_equal(got, [[-0.1, 0.1, 0.0, -0.1]])


def test_it_is_rmsprop_without_memory(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((5, 3))
    gradients[2] = 0.0
    got = rollout(gl.sign_sgd(0.1), gradients)
    np.testing.assert_allclose(got, rollout(gl.rmsprop(0.1, decay=0.0, eps=0.0), gradients), rtol=1e-15)
