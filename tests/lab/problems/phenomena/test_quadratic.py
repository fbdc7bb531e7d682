"""The quadratic has the curvatures, the noise and the outliers that it says."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import NoisyQuadratic, Quadratic


def test_curvatures_run_from_one_to_the_inverse_of_the_condition_number() -> None:
    problem = Quadratic(dimension=6, condition_number=1000.0)
    hessian = np.asarray(jax.jit(jax.hessian(problem.loss))(jnp.zeros(6), None))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian)[::-1], problem.curvatures, rtol=1e-6)
    assert problem.curvatures[[0, -1]].tolist() == [1.0, 1e-3]
    assert np.abs(hessian - np.diag(np.diag(hessian))).max() > 0.1
    level = Quadratic(dimension=6, condition_number=1000.0, rotated=False)
    hessian = jax.jit(jax.hessian(level.loss))(jnp.zeros(6), None)
    np.testing.assert_allclose(hessian, np.diag(problem.curvatures), atol=1e-12)


def test_noise_is_added_to_the_gradient_and_not_to_the_score() -> None:
    problem = NoisyQuadratic(dimension=3, noise=0.5)
    params, batches = problem.init(jax.random.key(0)), problem.batches(jax.random.key(1), 4000)
    exact = jax.jit(jax.grad(problem.loss))(params, None)
    noise = jax.jit(jax.vmap(jax.grad(problem.loss), (None, 0)))(params, batches) - exact
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(noise.std(0), 0.5, rtol=0.05)
    np.testing.assert_array_equal(problem.metrics(params)["final_loss"], problem.loss(params, None))
    assert Quadratic().batches(jax.random.key(0), 5) is None


def test_few_degrees_of_freedom_make_outliers() -> None:
    calm = np.abs(NoisyQuadratic().batches(jax.random.key(0), 1000))
    wild = np.abs(NoisyQuadratic(degrees_of_freedom=1.5).batches(jax.random.key(0), 1000))
    assert calm.max() < 6
    assert wild.max() > 50


def test_momentum_takes_the_root_of_the_condition_number(final_scores: Callable[..., np.ndarray]) -> None:
    """Claim 1: at the best rate, the loss falls by orders of magnitude more in the same steps."""
    problem, rates = Quadratic(condition_number=1000.0), np.logspace(-1, 0.5, 7)
    plain = np.nanmin(final_scores(problem, gl.sgd, rates).max(1))
    heavy = np.nanmin(final_scores(problem, lambda rate: gl.sgd(rate, momentum=0.9), rates).max(1))
    assert heavy < plain / 10


def test_outliers_hurt_adam_more_than_adamax(final_scores: Callable[..., np.ndarray]) -> None:
    """Claim 8."""
    problem, rates = NoisyQuadratic(degrees_of_freedom=1.5), np.logspace(-2, 0, 9)
    adam, adamax = (np.nanmin(final_scores(problem, make, rates).mean(1)) for make in (gl.adam, gl.adamax))
    assert adamax < 0.85 * adam
