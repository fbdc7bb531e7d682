"""The matrix has its rank, zero is a saddle, and a good minimum is found from there."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import gradlab as gl
from gradlab.lab.problems import MatrixFactorization


def test_the_product_of_the_optimum_has_the_rank() -> None:
    optimum = MatrixFactorization(rows=9, columns=7, rank=2).optimum
    assert np.linalg.matrix_rank(np.asarray(optimum["left"] @ optimum["right"].T), tol=1e-4) == 2


def test_zero_is_a_strict_saddle() -> None:
    problem = MatrixFactorization(rows=4, columns=3, rank=1)
    zero, unravel = ravel_pytree(jax.tree.map(jnp.zeros_like, problem.optimum))
    loss = lambda flat: problem.loss(unravel(flat), None)  # noqa: E731
    np.testing.assert_array_equal(jax.jit(jax.grad(loss))(zero), np.zeros(7))
    curvatures = np.linalg.eigvalsh(jax.jit(jax.hessian(loss))(zero))
    assert curvatures[0] < -0.1
    assert curvatures[-1] > 0.1


def test_every_seed_finds_a_global_minimum(final_scores: Callable[..., np.ndarray]) -> None:
    assert (final_scores(MatrixFactorization(), gl.adam, [0.1]) < 1e-9).all()
