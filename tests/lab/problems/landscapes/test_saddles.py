"""The saddles are saddles; plain descent stalls there at any rate, momentum and adaptive rates do not (claim 14)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import MonkeySaddle, Problem, Saddle

RATES = np.logspace(-3, 0, 13)


def test_values_are_those_of_the_expanded_forms(rng: np.random.Generator) -> None:
    for x, y in rng.normal(size=(5, 2)):
        point = jnp.asarray([x, y])
        np.testing.assert_allclose(Saddle(descent=1.0).loss(point, None), x**2 - y**2 + y**4 / 4 + 1)
        monkey = 0.5 + x**3 - 3 * x * y**2 + (x**2 + y**2) ** 3 / 2
        np.testing.assert_allclose(MonkeySaddle().loss(point, None), monkey)


def test_the_curvatures_at_the_origin() -> None:
    origin = jnp.zeros(2)
    curvatures = jax.jit(jax.hessian(Saddle().loss))(origin, None)
    np.testing.assert_allclose(curvatures, np.diag([2, -0.02]), atol=1e-12)
    monkey = MonkeySaddle().loss
    np.testing.assert_array_equal(jax.jit(jax.grad(monkey))(origin, None), np.zeros(2))
    np.testing.assert_array_equal(jax.jit(jax.hessian(monkey))(origin, None), np.zeros((2, 2)))


@pytest.mark.parametrize(("problem", "height"), [(Saddle(), 0.01), (MonkeySaddle(), 0.5)], ids=["saddle", "monkey"])
def test_plain_descent_stalls_and_others_do_not(
    problem: Problem, height: float, final_scores: Callable[..., np.ndarray]
) -> None:
    plain = final_scores(problem, gl.sgd, RATES)
    assert np.nanmin(plain) > 0.99 * height
    for make in (lambda rate: gl.sgd(rate, momentum=0.9), gl.adam):
        assert np.nanmin(final_scores(problem, make, RATES).max(1)) < 1e-3 * height
