"""Rastrigin's function has its minima near whole numbers, and plain descent stays in the first."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Rastrigin


def test_values_are_those_of_the_cosine_form() -> None:
    x, y = 0.7, -1.9
    expected = 20 + x**2 + y**2 - 10 * (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y))
    np.testing.assert_allclose(Rastrigin().loss(jnp.asarray([x, y]), None), expected)


def test_descent_with_small_steps_ends_in_the_nearest_minimum(final_scores: Callable[..., np.ndarray]) -> None:
    scores = final_scores(Rastrigin(jitter=0.01), gl.sgd, [1e-3])
    np.testing.assert_allclose(scores, 12.9344, rtol=1e-4)  # the minimum near (3, 2)
