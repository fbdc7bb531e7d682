"""Himmelblau's function is the published one, and runs part from its hilltop."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Himmelblau
from tests.lab.training import train


def test_the_value_at_the_origin() -> None:
    np.testing.assert_allclose(Himmelblau().loss(jnp.zeros(2), None), 170)


def test_runs_start_where_the_slope_is_nearly_zero_and_every_way_leads_down() -> None:
    point = jnp.asarray(Himmelblau.start)
    loss = Himmelblau().loss
    assert np.abs(jax.jit(jax.grad(loss))(point, None)).max() < 0.3
    assert (np.linalg.eigvalsh(jax.jit(jax.hessian(loss))(point, None)) < 0).all()


def test_seeds_end_in_different_minima() -> None:
    problem = Himmelblau()
    curves = train(problem, [gl.sgd(0.005)], range(8), problem.steps)
    assert curves.path is not None
    ends = np.asarray(curves.path[0, :, -1]).round(2)
    optima = np.round([problem.landscape.optimum, *problem.landscape.further_optima], 2).astype(np.float32)
    assert {tuple(end) for end in ends} <= {tuple(optimum) for optimum in optima}
    assert len({tuple(end) for end in ends}) > 1
