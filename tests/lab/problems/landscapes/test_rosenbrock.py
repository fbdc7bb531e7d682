"""Rosenbrock's function at its start, and what its bend does to plain descent."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Rosenbrock


def test_the_value_at_the_classic_start() -> None:
    np.testing.assert_allclose(Rosenbrock().loss(jnp.asarray([-1.2, 1.0]), None), 24.2)


def test_momentum_comes_much_further_than_plain_descent(final_scores: Callable[..., np.ndarray]) -> None:
    rates = np.logspace(-4, -2, 9)
    plain = np.nanmin(final_scores(Rosenbrock(), gl.sgd, rates).max(1))
    heavy = np.nanmin(final_scores(Rosenbrock(), lambda rate: gl.sgd(rate, momentum=0.9), rates).max(1))
    assert heavy < plain / 30  # 0.003 against 0.7
