"""The ravine is as steep as it says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.lab.problems import Ravine


def test_curvatures_are_one_and_the_steepness() -> None:
    problem = Ravine(steepness=20.0)
    hessian = jax.hessian(lambda x: problem.loss(x, None))(jnp.zeros(2, jnp.float32))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), [1.0, 20.0], rtol=1e-5)


def test_the_ravine_runs_at_its_angle() -> None:
    problem = Ravine(angle=30.0)
    along = jnp.array([np.cos(np.pi / 6), np.sin(np.pi / 6)], jnp.float32)
    np.testing.assert_allclose(problem.loss(problem.optimum + along, None), 0.5, rtol=1e-5)


def test_the_optimum_has_no_loss_and_no_slope() -> None:
    problem = Ravine()
    assert problem.loss(problem.optimum, None) == problem.minimum == 0
    np.testing.assert_array_equal(jax.grad(problem.loss)(problem.optimum, None), np.zeros(2))


def test_starts_differ_between_seeds_by_the_jitter_and_lie_in_the_window() -> None:
    problem = Ravine(jitter=0.1)
    starts = np.asarray(jax.vmap(lambda seed: problem.init(jax.random.key(seed)))(jnp.arange(200)))
    np.testing.assert_allclose(starts.std(0), 0.1, rtol=0.2)
    low, high = np.array(problem.landscape.window).T
    assert ((starts > low) & (starts < high)).all()
    assert (starts.dtype, starts.shape) == (jnp.float32, (200, 2))
