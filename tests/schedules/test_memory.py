"""Schedules of what is remembered: a half-life in a straight line, and a power of the step."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

s = gl.schedules


def test_the_half_life_goes_in_a_straight_line() -> None:
    schedule = s.half_life(0.9, 0.9999, 1000)
    lives = [math.log(0.5) / math.log(float(schedule(step))) for step in range(0, 1001, 100)]
    np.testing.assert_allclose(np.diff(lives), (lives[-1] - lives[0]) / 10, rtol=1e-9)
    assert [float(schedule(step)) for step in (0, 1000, 5000)] == [0.9, 0.9999, 0.9999]


def test_it_may_fall_and_begin_or_end_at_zero() -> None:
    assert float(s.half_life(0.25, 0.0625, 2)(1)) == pytest.approx(2 ** (-1 / 0.375))  # half-lives 1/2 and 1/4
    assert [float(s.half_life(0.0, 0.5, 2)(step)) for step in range(3)] == pytest.approx([0.0, 0.25, 0.5])
    assert [float(s.half_life(0.5, 0.0, 2)(step)) for step in range(3)] == pytest.approx([0.5, 0.25, 0.0])
    assert float(s.half_life(0.5, 0.9, 0)(0)) == 0.9


@pytest.mark.parametrize("step", [0, 1, 4, 9])
@pytest.mark.parametrize(("start", "end"), [(0.0, 0.9), (0.9, 0.0), (0.0, 0.0), (0.5, 0.99)])
def test_its_derivatives_are_finite(start: float, end: float, step: int) -> None:
    slopes = jax.grad(lambda decays: s.half_life(decays[0], decays[1], 4)(step))(jnp.array([start, end]))
    assert np.isfinite(slopes).all()


def test_a_power_of_the_step() -> None:
    schedule = s.power_law(2.0, 0.25)
    assert [float(schedule(step)) for step in (0, 1, 16, 81)] == pytest.approx([0.0, 2.0, 4.0, 6.0])
    assert np.isfinite(jax.grad(lambda exponent: s.power_law(1.0, exponent)(0))(0.25))


def test_limits_of_the_arguments() -> None:
    with pytest.raises(ValueError, match="half_life"):
        s.half_life(0.9, 1.0, 10)
    with pytest.raises(ValueError, match="power_law"):
        s.power_law(-1.0)
