"""On the plateau the gradient is almost nothing: plain descent stays, adaptive rates walk (claim 14)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

import gradlab as gl
from gradlab.lab._engine.training_loop import draw
from gradlab.lab.problems import Plateau


def test_the_slope_at_the_start_is_small() -> None:
    starts = draw(Plateau(), range(8), 1).params
    slopes = jax.jit(jax.vmap(lambda start: jax.grad(Plateau().loss)(start, None)))(starts)
    assert np.abs(slopes).max() < 1e-3


def test_adaptive_rates_cross_and_plain_descent_does_not(final_scores: Callable[..., np.ndarray]) -> None:
    rates = np.logspace(-2, 0.25, 10)  # beyond 2 the basin, of curvature 1, is not stable
    assert np.nanmin(final_scores(Plateau(), gl.sgd, rates).max(1)) > 0.9
    assert np.nanmin(final_scores(Plateau(), gl.adam, rates).max(1)) < 1e-3
