"""Phases of no steps, of one step and as long as the run: finite, and the value that the other phases leave."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

s = gl.schedules

run = jax.jit(jax.vmap(lambda schedule, step: schedule(step) * 1.0, in_axes=(None, 0)))
slopes = jax.jit(jax.vmap(jax.grad(lambda schedule, step: schedule(step) * 1.0), in_axes=(None, 0)))


def traced(schedule: Any, steps: int) -> np.ndarray:
    return np.asarray(run(schedule, jnp.arange(steps)))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (s.linear(0.0, 0.8, 0), [0.8, 0.8]),
        (s.linear(0.0, 0.8, 1), [0.0, 0.8, 0.8]),
        (s.linear(0.0, 0.8, 0, 2), [0.0, 0.0, 0.8]),
        (s.polynomial(0.8, 0.2, 0.5, 0), [0.2, 0.2]),
        (s.polynomial(0.8, 0.2, 0.5, 1), [0.8, 0.2]),
        (s.cosine(0.8, 1, 0.5), [0.8, 0.4, 0.4]),
        (s.exponential(0.8, 1, 0.5, 2, True), [0.8, 0.8, 0.8, 0.4]),
        (s.exponential(0.8, 2, 0.0, staircase=True), [0.8, 0.8, 0.0, 0.0]),
        (s.piecewise(0.8, (2, 2), (0.5, 0.5)), [0.8, 0.8, 0.2]),
        (s.piecewise(0.8, (1,), (0.0,)), [0.8, 0.0]),
        (s.join((1.0, 2.0, 3.0), (2, 2)), [1.0, 1.0, 3.0]),
        (s.join((s.linear(0.0, 1.0, 0), s.linear(2.0, 3.0, 2)), (0,)), [2.0, 2.5, 3.0]),
        (s.warmup_cosine(0.0, 0.8, 4, 4, 0.1), [0.0, 0.2, 0.4, 0.6, 0.1, 0.1]),
        (s.warmup_cosine(0.0, 0.8, 0, 2, 0.2), [0.8, 0.5, 0.2]),
        (s.warmup_cosine(0.0, 0.8, 1, 2), [0.0, 0.8, 0.0]),
        (s.warmup_cosine(0.0, 0.8, 0, 0, 0.1), [0.1, 0.1]),
        (s.warmup_cosine(0.0, 0.8, 0, 1, 0.1), [0.8, 0.1]),
        (s.warmup_stable_decay(0.8, 0, 0, 0, 0.1, 0.2), [0.2, 0.2]),
        (s.warmup_stable_decay(0.8, 0, 0, 2), [0.8, 0.4, 0.0]),
        (s.warmup_stable_decay(0.8, 2, 0, 2), [0.0, 0.4, 0.8, 0.4, 0.0]),
        (s.warmup_stable_decay(0.8, 2, 2, 0, 0.0, 0.1), [0.0, 0.4, 0.8, 0.8, 0.1]),
        (s.warmup_stable_decay(0.8, 1, 1, 1), [0.0, 0.8, 0.8, 0.0]),
        (s.one_cycle(0.8, 1, 0.0, 4.0, 2.0), [0.8, 0.1]),
        (s.one_cycle(0.8, 1, 1.0, 4.0, 2.0), [0.2, 0.1]),
        (s.one_cycle(0.8, 2, 0.5, 4.0, 2.0), [0.2, 0.8, 0.1]),
        (s.one_cycle(0.8, 2, 0.0, 4.0, 2.0), [0.8, 0.45, 0.1]),
        (s.one_cycle(0.8, 2, 1.0, 4.0, 2.0), [0.2, 0.5, 0.1]),
    ],
    ids=repr,
)
def test_a_phase_of_no_steps_is_left_out(schedule: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(traced(schedule, len(expected)), expected, atol=1e-15)
    np.testing.assert_allclose([schedule(step) for step in range(len(expected))], expected, atol=1e-15)
    for leaf in jax.tree.leaves(slopes(schedule, jnp.arange(len(expected) + 1))):
        assert np.isfinite(leaf).all()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (s.cosine(0.8, 9, 0.25), [0.2, 0.2]),
        (s.exponential(0.8, 9, 0.5), [0.8, 0.0]),
        (s.exponential(0.8, 9, 0.5, staircase=True), [0.8, 0.0]),
        (s.exponential(0.8, 9, 1.0), [0.8, 0.8]),
        (s.exponential(0.8, 9, 0.5, end_value=0.1), [0.8, 0.1]),
        (s.inverse_time(0.8, 9), [0.8, 0.0]),
        (s.inverse_time(0.8, 9, 0.0), [0.8, 0.8]),
        (s.inverse_square_root(0.8, 9), [0.8, 0.0]),
        (s.one_cycle(0.8, 9, 0.5, 4.0, 2.0), [0.1, 0.1]),
        (s.warmup_cosine(0.0, 0.8, 9, 20, 0.1), [0.8, None]),
        (s.polynomial(0.8, 0.2, 9, 4), [0.8, 0.8]),
    ],
    ids=repr,
)
def test_zeros_that_are_refused_as_numbers_have_their_limit_inside_a_trace(schedule: Any, expected: list[Any]) -> None:
    """Every argument of 9 becomes 0, where no check can see it."""
    zeroed = jax.tree.map(lambda leaf: 0.0 if leaf == 9.0 else leaf, schedule)
    got = traced(zeroed, 2)
    assert np.isfinite(got).all()
    for value, limit in zip(got, expected):
        assert limit is None or value == pytest.approx(limit, abs=1e-15)
    for leaf in jax.tree.leaves(slopes(zeroed, jnp.arange(3))):
        assert np.isfinite(leaf).all()


def test_a_decay_that_ends_before_the_warm_up_does_is_refused_or_left_out() -> None:
    with pytest.raises(ValueError, match="decay_steps counts both phases and must not be below warmup_steps"):
        s.warmup_cosine(0.0, 0.8, 4, 3)
    inside = s.warmup_cosine(0.0, 0.8, 4, 4)
    inside = jax.tree.map(lambda leaf, number: number, inside, inside.replace(decay_steps=9))
    leaves, structure = jax.tree.flatten(inside)
    leaves[3] = 2.0  # decay_steps
    np.testing.assert_allclose(traced(jax.tree.unflatten(structure, leaves), 6), [0.0, 0.2, 0.4, 0.6, 0.0, 0.0])


def test_a_rate_given_where_optax_has_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match=r"transition_begin counts whole steps, got 0\.1; .* pass end_value=0\.1"):
        s.exponential(1.0, 10, 0.5, 0.1)
