"""Burgers' equation: the exact solution is one, and the residual is that of the equation."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import Burgers
from gradlab.lab.problems.phenomena.burgers import solve_burgers
from tests.lab.training import train


@pytest.mark.parametrize("viscosity", [0.1 / math.pi, 0.01 / math.pi])
def test_the_exact_solution_solves_the_equation_and_begins_as_it_should(viscosity: float) -> None:
    rng, step = np.random.default_rng(0), 1e-4
    x, t = rng.uniform(-0.9, 0.9, 20), rng.uniform(0.1, 1, 20)

    def u(dx: float = 0, dt: float = 0) -> np.ndarray:
        return solve_burgers(x + dx, t + dt, viscosity)

    slope, change = (u(step) - u(-step)) / (2 * step), (u(dt=step) - u(dt=-step)) / (2 * step)
    curvature = (u(step) - 2 * u() + u(-step)) / step**2
    np.testing.assert_allclose(change + u() * slope, viscosity * curvature, atol=1e-4)
    np.testing.assert_allclose(solve_burgers(x, np.full(20, 1e-7), viscosity), -np.sin(math.pi * x), atol=1e-5)
    ends = np.array([-1.0, 1.0])
    np.testing.assert_allclose(solve_burgers(ends, np.array([0.3, 0.8]), viscosity), 0, atol=1e-12)


def test_the_residual_is_that_of_central_differences() -> None:
    problem, step = Burgers(width=6, depth=2), 1e-4
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), problem.init(jax.random.key(0)))
    x, t = np.random.default_rng(0).uniform(-1, 1, (2, 9))
    compute = jax.jit(lambda x, t: problem.compute_solution(params, x, t))
    u, after, before = compute(x, t), compute(x + step, t), compute(x - step, t)
    change = (compute(x, t + step) - compute(x, t - step)) / (2 * step)
    curvature = (after - 2 * u + before) / step**2
    expected = change + u * (after - before) / (2 * step) - problem.viscosity * curvature
    np.testing.assert_allclose(problem.compute_residual(params, x, t), expected, rtol=1e-5, atol=1e-6)


def test_a_network_of_zero_has_the_loss_of_its_start_and_an_error_of_one() -> None:
    problem = Burgers(width=2, depth=1)
    params = jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0)))
    batch = jax.tree.map(lambda leaf: leaf[0], problem.batches(jax.random.key(1), 1))
    np.testing.assert_allclose(
        problem.loss(params, batch), np.mean(np.sin(math.pi * (2 * batch[1] - 1)) ** 2), rtol=1e-5
    )
    np.testing.assert_allclose(problem.metrics(params)["relative_error"], 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 3}, "batch_size must be at least 4, .* got 3"),
        ({"viscosity": 0.0}, "viscosity must be at least 0.002, .* got 0.0"),
        ({"viscosity": math.nan}, "viscosity must be a finite number, got nan"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Burgers(**arguments)


@pytest.mark.slow
def test_it_learns() -> None:
    assert train(Burgers(), [gl.adam(0.02)], [0], 600).metrics["relative_error"][0, 0, -1] < 0.15
