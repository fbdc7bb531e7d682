"""`nag` is Nesterov's method as published, and `sgd(nesterov=True)` in other variables."""

from __future__ import annotations

import numpy as np
import pytest

import gradlab as gl
from tests.combinators.point_runs import START, STEPS, slope, visit


def test_the_gradient_is_taken_ahead_along_the_velocity() -> None:
    run, x, v = visit(gl.nag(0.1, 0.8)), START, np.zeros(3)
    for t in range(STEPS):
        ahead = x + 0.8 * v
        v = 0.8 * v - 0.1 * slope(ahead)
        x = x + v
        np.testing.assert_allclose(run.gradient[t], ahead, rtol=1e-12)
        np.testing.assert_allclose(run.params[t], x, rtol=1e-12)


SCHEDULED = gl.schedules.linear(0.5, 0.9, 20)
RATE = gl.schedules.linear(0.1, 0.02, 20)


@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0.8), (0.1, SCHEDULED), (RATE, SCHEDULED)], ids=repr)
def test_its_gradient_points_are_the_parameters_of_the_other_form(rate: object, momentum: object) -> None:
    published = visit(gl.nag(rate, momentum))
    rewritten = visit(gl.sgd(rate, momentum=momentum, nesterov=True))
    np.testing.assert_allclose(published.gradient[1:], rewritten.params[:-1], rtol=1e-11)
    assert np.abs(published.params - rewritten.params).max() > 1e-2


def test_without_momentum_it_is_gradient_descent() -> None:
    run = visit(gl.nag(0.1, 0.0))
    np.testing.assert_allclose(run.params, visit(gl.sgd(0.1)).params, rtol=1e-14)
    np.testing.assert_array_equal(run.gradient[1:], run.params[:-1])


def test_it_needs_fewer_steps_than_the_heavy_ball_on_a_ravine() -> None:
    """For curvatures 0.5 to 3 and a momentum that is too large, the look-ahead brakes."""
    ahead, ball = (visit(tx).params[-1] for tx in (gl.nag(0.3, 0.95), gl.sgd(0.3, momentum=0.95)))
    assert np.linalg.norm(slope(ahead)) < 0.5 * np.linalg.norm(slope(ball))
