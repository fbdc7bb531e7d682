"""Adam goes to the worst point of a convex problem, and AMSGrad and plain descent to the best (claim 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Reddi

RATES = [0.003, 0.01, 0.03]


def test_slopes_are_as_published() -> None:
    assert Reddi(large=5.0).batches(jax.random.key(0), 7).tolist() == [5, -1, -1, 5, -1, -1, 5]
    slopes = np.asarray(Reddi(large=22.0, period=21, stochastic=True).batches(jax.random.key(0), 20000))
    assert set(slopes.tolist()) == {22.0, -1.0}
    np.testing.assert_allclose((slopes > 0).mean(), 1 / 21, rtol=0.1)


def test_each_loss_is_convex_and_the_mean_is_least_at_the_best_point() -> None:
    problem = Reddi()
    points = jnp.linspace(-3, 3, 601)
    for slope in (None, jnp.float32(4.0), jnp.float32(-1.0)):
        losses = np.asarray(jax.jit(jax.vmap(problem.loss, (0, None)))(points, slope))
        assert (np.diff(losses, 2) > -1e-9).all()
        if slope is None:
            np.testing.assert_allclose(points[losses.argmin()], problem.optimum)
            np.testing.assert_allclose(losses.min(), problem.minimum, atol=1e-12)
        inside = np.abs(points) < 0.99
        np.testing.assert_allclose(np.diff(losses[inside]) / 0.01, 2 / 3 if slope is None else slope, rtol=1e-6)


def test_adam_goes_to_the_worst_point_and_amsgrad_to_the_best(final_scores: Callable[..., np.ndarray]) -> None:
    problem = Reddi()
    assert problem.decay == 1 / 17
    memory: Any = {"b1": 0.0, "b2": problem.decay}
    assert (final_scores(problem, lambda rate: gl.adam(rate, **memory), RATES)[1:] > 1.9).all()
    assert (final_scores(problem, lambda rate: gl.amsgrad(rate, **memory), RATES)[1:] < 0.1).all()
    assert (final_scores(problem, gl.sgd, RATES) < 0.1).all()


def test_momentum_does_not_save_adam_when_the_large_gradient_is_rarer(final_scores: Callable[..., np.ndarray]) -> None:
    problem = Reddi(large=22.0, period=21)
    memory: Any = {"b1": 0.9, "b2": 0.9}
    assert (final_scores(problem, lambda rate: gl.adam(rate, **memory), [0.03], 4000) > 1.8).all()
    assert (final_scores(problem, lambda rate: gl.amsgrad(rate, **memory), [0.03], 4000) < 0.8).all()


def test_a_long_memory_saves_adam(final_scores: Callable[..., np.ndarray]) -> None:
    assert (final_scores(Reddi(), gl.adam, RATES[1:]) < 0.1).all()
