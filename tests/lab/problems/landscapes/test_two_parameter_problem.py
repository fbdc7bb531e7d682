"""The landscapes touch zero at their optima, and nowhere go below."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.lab.problems import PROBLEMS, PlaneProblem

PLANES = [problem for make in PROBLEMS.values() if isinstance(problem := make(), PlaneProblem)]
pytestmark = pytest.mark.parametrize("problem", PLANES, ids=lambda problem: problem.name)


def test_all_optima_are_minima_of_loss_zero_in_the_window(problem: PlaneProblem) -> None:
    landscape = problem.landscape
    assert landscape.optimum is not None
    optima = np.array([landscape.optimum, *landscape.further_optima])
    low, high = np.array(landscape.window).T
    assert ((optima > low) & (optima < high)).all()

    @jax.jit
    @jax.vmap
    def examine(point: jax.Array) -> tuple[jax.Array, ...]:
        loss = lambda point: problem.loss(point, None)  # noqa: E731
        return loss(point), jax.grad(loss)(point), jax.hessian(loss)(point)

    losses, gradients, hessians = examine(jnp.asarray(optima))
    np.testing.assert_allclose(losses, 0, atol=1e-12)
    np.testing.assert_allclose(gradients, 0, atol=1e-5)
    assert (np.linalg.eigvalsh(hessians) > 0).all()


def test_no_loss_in_the_window_is_negative(problem: PlaneProblem, rng: np.random.Generator) -> None:
    low, high = np.array(problem.landscape.window).T
    points = jnp.asarray(rng.uniform(low, high, (2000, 2)), jnp.float32)
    losses = np.asarray(jax.jit(jax.vmap(lambda point: problem.loss(point, None)))(points))
    assert (losses >= 0).all()
    assert losses.max() > 10 * losses.min()


def test_starts_differ_between_seeds_by_the_jitter(problem: PlaneProblem) -> None:
    starts = np.asarray(jax.jit(jax.vmap(lambda seed: problem.init(jax.random.key(seed))))(jnp.arange(200)))
    np.testing.assert_allclose(starts.std(0), problem.jitter, rtol=0.2)
    low, high = np.array(problem.landscape.window).T
    assert ((starts > low) & (starts < high)).all()
