"""Derivatives of schedules by all their numbers, at edge values and boundaries, against finite differences."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

s = gl.schedules
gradients = jax.jit(jax.vmap(jax.grad(lambda schedule, step: schedule(step) * 1.0), in_axes=(None, 0)))
values = jax.jit(jax.vmap(lambda schedule, step: schedule(step) * 1.0, in_axes=(None, 0)))
STEPS = jnp.array([0, 1, 3, 4, 5, 7, 8, 9, 10, 12, 16, 17, 1000, 2**31 - 1])

EDGES = {
    "linear from 0": s.linear(0.0, 1.0, 8),
    "linear, later": s.linear(0.0, 1.0, 8, 4),
    "linear of no steps": s.linear(0.5, 1.0, 0),
    "a root from 0": s.linear(0.0, 1.0, 8) ** 0.5,
    "a root to 0": s.linear(1.0, 0.0, 8) ** 0.5,
    "a square from 0": s.linear(0.0, 1.0, 8) ** 2.0,
    "0 to the power of 1": s.linear(0.0, 1.0, 8) ** 1.0,
    "0 to the power of 0": s.linear(0.0, 1.0, 8) ** s.linear(0.0, 1.0, 8),
    "0 over something": s.linear(0.0, 1.0, 8) / s.linear(1.0, 2.0, 8),
    "something times 0": s.linear(1.0, 0.0, 8) * s.cosine(1.0, 8),
    "rate 0": s.exponential(0.5, 8, 0.0),
    "rate 0, staircase": s.exponential(0.5, 8, 0.0, staircase=True),
    "rate 0 with a floor": s.exponential(0.5, 8, 0.0, end_value=0.1),
    "rate 2 with a ceiling": s.exponential(0.5, 8, 2.0, end_value=3.0),
    "rate 1": s.exponential(0.5, 8, 1.0, end_value=0.3),
    "rate 1/2, later": s.exponential(0.5, 8, 0.5, 4),
    "factors of 0": s.piecewise(0.5, (4, 8), (0.0, 0.0)),
    "cosine to 0": s.cosine(0.5, 8),
    "cosine, a root": s.cosine(0.5, 8, 0.0, exponent=0.5),
    "cosine, squared": s.cosine(0.5, 8, 0.1, exponent=2.0),
    "polynomial, a root": s.polynomial(1.0, 0.0, 0.5, 8),
    "polynomial, power 1": s.polynomial(1.0, 0.0, 1.0, 8, 4),
    "polynomial, power 3": s.polynomial(1.0, 0.0, 3.0, 8),
    "relative to 0": s.relative(s.linear(0.0, 1.0, 8)),
    "relative": s.relative(s.cosine(0.5, 8)),
    "inverse_time": s.inverse_time(0.5, 8, 0.0),
    "inverse_square_root": s.inverse_square_root(0.5, 8),
    "warmup_cosine": s.warmup_cosine(0.0, 0.5, 4, 12),
    "warmup_cosine, squared": s.warmup_cosine(0.0, 0.5, 4, 12, 0.1, 2.0),
    "warmup_cosine, no warm-up": s.warmup_cosine(0.0, 0.5, 0, 12),
    "warmup_cosine, all warm-up": s.warmup_cosine(0.0, 0.5, 8, 8),
    "warmup_stable_decay": s.warmup_stable_decay(0.5, 4, 0, 8),
    "warmup_stable_decay, three": s.warmup_stable_decay(0.5, 3, 5, 8, 0.1, 0.2),
    "one_cycle": s.one_cycle(0.5, 16, 0.5),
    "one_cycle, falling only": s.one_cycle(0.5, 16, 0.0),
    "one_cycle, rising only": s.one_cycle(0.5, 16, 1.0),
    "nadam_momentum": s.nadam_momentum(0.9, 0.0),
    "lower_bound": s.lower_bound(0.0),
    "upper_bound": s.upper_bound(0.0),
    "join": s.join((s.linear(0.0, 1.0, 4), s.cosine(1.0, 8), s.linear(0.0, 1.0, 4) ** 0.5), (4, 12)),
    "join at fractions": s.join((s.linear(0.0, 1.0, 4), s.cosine(1.0, 8)), (4.5,)),
    "shift": s.shift(s.linear(0.0, 1.0, 8) ** 0.5, 1),
    "shift back": s.shift(s.cosine(1.0, 8), -4),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_derivative_is_finite_and_the_slope_where_there_is_one(name: str) -> None:
    """There is a slope where the differences to both sides agree; at a corner or a jump, any finite number will do."""
    leaves, structure = jax.tree.flatten(EDGES[name])
    leaves = [float(leaf) for leaf in leaves]
    got = jax.tree.leaves(gradients(jax.tree.unflatten(structure, leaves), STEPS))
    here = values(jax.tree.unflatten(structure, leaves), STEPS)
    compared = 0
    for index in range(len(leaves)):
        assert np.isfinite(got[index]).all(), (name, index)
        width = 1e-6

        def moved(by: float, index: int = index) -> Any:
            changed = list(leaves)
            changed[index] += by
            return values(jax.tree.unflatten(structure, changed), STEPS)

        right, left = (np.asarray(moved(width) - here) / width, np.asarray(here - moved(-width)) / width)
        smooth = np.isfinite(left) & np.isfinite(right) & (np.abs(right - left) <= 1e-3 * (1 + np.abs(right)))
        smooth &= np.abs(right) < 1e6  # no pole, as of a share of 0
        np.testing.assert_allclose(
            got[index][smooth], ((left + right) / 2)[smooth], rtol=1e-4, atol=1e-5, err_msg=f"{name}: {index}"
        )
        compared += smooth.sum()
    assert compared > len(STEPS) // 2


def test_an_infinite_value_in_the_branch_that_is_not_taken_does_not_matter() -> None:
    ceiling = s.exponential(1.0, 1, 2.0, end_value=5.0)
    gradient = jax.jit(jax.grad(lambda schedule, step: schedule(step) * 1.0))(ceiling, 10**6)
    assert gradient.end_value == 1.0
    assert gradient.decay_rate == 0.0

    @s.schedule
    def root_left(steps: gl.Positive):
        return lambda step: jnp.sqrt(steps - step)  # NaN from `steps` on

    joined = s.join((root_left(10.0), 0.0), (10,))
    gradient = jax.grad(lambda schedule: schedule(12) * 1.0)(joined)
    assert jax.tree.leaves(gradient) == [0.0, 1.0, 0.0]


def test_stacked_hyperparameters_are_mapped_over_or_broadcast() -> None:
    peaks = jnp.array([0.1, 0.2, 0.4])
    steps = jnp.array([4, 8, 40_000_001], jnp.int32)
    stacked = s.linear(jnp.zeros(3), peaks, steps)
    expected = [0.075, 0.075, 0.4 * 3 / 40_000_001]
    with jax.enable_x64(False):
        mapped = jax.jit(jax.vmap(lambda schedule: schedule(3)))(stacked)
        np.testing.assert_allclose(mapped, expected, rtol=1e-6)
        ends = jax.vmap(lambda schedule: schedule(40_000_000))(stacked)
        np.testing.assert_allclose(ends, [0.1, 0.2, 0.4], rtol=1e-6)
    np.testing.assert_allclose(stacked(3), expected, rtol=1e-6)
    staircase = s.exponential(1.0, jnp.array([1.0, 2.5, 3.0]), 0.5, staircase=True)
    np.testing.assert_allclose(staircase(5), [2.0**-5, 0.25, 0.5])
    pieces = s.piecewise(peaks, (2, 4), (jnp.array([0.5, 1.0, 2.0]), 0.5))
    np.testing.assert_allclose(pieces(4), [0.025, 0.1, 0.4])
