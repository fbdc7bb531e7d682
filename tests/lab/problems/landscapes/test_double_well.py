"""Plain descent stays in the first well, and momentum carries most runs over to the second (claim 14)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import DoubleWell


def test_the_slope_vanishes_at_both_minima_and_at_the_barrier() -> None:
    problem = DoubleWell(barrier=0.3)
    slope = jax.jit(jax.grad(problem.loss))
    for x in (-1.0, 0.3, 1.0):
        np.testing.assert_allclose(slope(jnp.asarray([x, 0.0]), None), 0, atol=1e-12)
    np.testing.assert_allclose(problem.loss(jnp.asarray([1.0, 0.0]), None), 16 * 0.3 / 3)
    x, b = 0.4, 0.3
    expected = x**4 - 4 * b / 3 * x**3 - 2 * x**2 + 4 * b * x + 1 + 8 * b / 3 + 10 * 0.2**2
    np.testing.assert_allclose(problem.loss(jnp.asarray([x, 0.2]), None), expected)


def test_momentum_leaves_the_local_minimum(final_scores: Callable[..., np.ndarray]) -> None:
    rates = np.logspace(-3, -1, 9)
    plain = final_scores(DoubleWell(), gl.sgd, rates, seeds=8)
    heavy = final_scores(DoubleWell(), lambda rate: gl.sgd(rate, momentum=0.9), rates, seeds=8)
    assert np.nanmin(plain) > 1.3
    assert (heavy < 0.1).mean(1).max() >= 0.75
