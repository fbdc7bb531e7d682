"""Schedules of several phases, at the steps where the phases meet."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

s = gl.schedules
at = jax.jit(jax.vmap(lambda schedule, step: schedule(step), in_axes=(None, 0)))


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (s.piecewise(8.0, (2, 5), (0.5, 0.25)), {0: 8.0, 1: 8.0, 2: 4.0, 4: 4.0, 5: 1.0, 99: 1.0}),
        (s.piecewise(8.0, (), ()), {0: 8.0, 9: 8.0}),
        (s.piecewise(8.0, (0,), (0.5,)), {0: 4.0, 9: 4.0}),
        (
            s.join((s.linear(0.0, 1.0, 4), 2.0, s.linear(3.0, 0.0, 3)), (4, 6)),
            {0: 0, 3: 0.75, 4: 2, 5: 2, 6: 3, 7: 2, 9: 0},
        ),
        (s.join((1.0,), ()), {0: 1.0, 9: 1.0}),
        (s.warmup_cosine(0.0, 1.0, 4, 12), {0: 0.0, 1: 0.25, 3: 0.75, 4: 1.0, 8: 0.5, 12: 0.0, 13: 0.0}),
        (s.warmup_cosine(0.2, 1.0, 4, 12, 0.5), {0: 0.2, 2: 0.6, 4: 1.0, 8: 0.75, 12: 0.5, 99: 0.5}),
        (s.warmup_cosine(0.2, 1.0, 0, 8), {0: 1.0, 4: 0.5, 8: 0.0}),
        (s.one_cycle(1.0, 20, 0.5, 4.0, 10.0), {0: 0.25, 5: 0.625, 10: 1.0, 15: 0.5125, 20: 0.025, 99: 0.025}),
        (s.one_cycle(1.0, 20, 0.0, 4.0, 10.0), {0: 1.0, 10: 0.5125, 20: 0.025}),
        (s.one_cycle(1.0, 20, 1.0, 4.0, 10.0), {0: 0.25, 10: 0.625, 19: 1 - 0.75 * (1 - np.cos(np.pi / 20)) / 2}),
        (
            s.warmup_stable_decay(1.0, 4, 6, 5),
            {0: 0.0, 1: 0.25, 4: 1.0, 7: 1.0, 10: 1.0, 11: 0.8, 14: 0.2, 15: 0.0, 99: 0.0},
        ),
        (s.warmup_stable_decay(1.0, 4, 6, 5, 0.2, 0.5), {0: 0.2, 2: 0.6, 10: 1.0, 11: 0.9, 15: 0.5, 99: 0.5}),
        (s.warmup_stable_decay(1.0, 0, 0, 2), {0: 1.0, 1: 0.5, 2: 0.0}),
        (s.nadam_momentum(), {0: 0.9 * (1 - 0.5 * 0.96**0.004), 249: 0.9 * (1 - 0.5 * 0.96), 10**7: 0.9}),
        (s.nadam_momentum(0.5, 0.0), {0: 0.25, 999: 0.25}),
        (s.nadam_momentum(0.9, 1.0, start=2.0), {0: 0.9 * (1 - 0.5 * 0.96**2)}),
        (s.nadam_momentum(1.0, 1.0), {0: 1 - 0.48, 1: 1 - 0.5 * 0.96**2}),
    ],
    ids=repr,
)
def test_points_by_hand(schedule: Any, points: dict[int, float]) -> None:
    got = at(schedule, jnp.asarray(list(points)))
    np.testing.assert_allclose(got, list(points.values()), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.piecewise(1.0, (1, 2), (0.5,)), "piecewise: 2 boundaries need as many factors, got 1"),
        (lambda: s.join((1.0, 2.0), (1, 2)), "join: 2 schedules need one boundary fewer, got 2"),
        (lambda: s.join((), ()), "join: 0 schedules need one boundary fewer, got 0"),
        (lambda: s.join((1.0, 2.0, 3.0), (20, 10)), "join: boundaries must not fall, got"),
        (lambda: s.warmup_cosine(0.0, 1.0, 100, 50), "warmup_cosine: decay_steps counts both phases .* got 50"),
    ],
)
def test_phases_that_do_not_fit_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_they_are_not_refused_inside_a_trace() -> None:
    assert np.isfinite(jax.jit(lambda warmup: s.warmup_cosine(0.0, 1.0, warmup, 50)(120))(100.0))
    assert jax.jit(lambda b: s.join((1.0, 2.0, 3.0), (20.0, b))(15))(10.0) == 3.0


@pytest.mark.parametrize("boundaries", [(3, 6), [3, 6], np.array([3, 6]), jnp.array([3, 6]), jnp.array([3.0, 6.0])])
def test_boundaries_of_any_kind(boundaries: Any) -> None:
    np.testing.assert_allclose(at(s.piecewise(1.0, boundaries, (0.5, 0.5)), jnp.array([2, 3, 6])), [1.0, 0.5, 0.25])
    np.testing.assert_allclose(at(s.join((1.0, 2.0, 3.0), boundaries), jnp.array([2, 3, 6])), [1.0, 2.0, 3.0])


def test_factors_of_any_dtype() -> None:
    got = at(s.piecewise(1.0, (3, 6), jnp.array([0.5, 0.5], "float32")), jnp.array([2, 3, 6]))
    np.testing.assert_allclose(got, [1.0, 0.5, 0.25])


def test_joined_schedules_count_from_their_own_boundary() -> None:
    seen = s.join((lambda step: step.astype(float), lambda step: 100.0 + step.astype(float)), (5,))
    np.testing.assert_array_equal(at(seen, jnp.array([0, 4, 5, 6])), [0.0, 4.0, 100.0, 101.0])


def test_phases_meet_without_a_jump() -> None:
    for schedule, boundary in (
        (s.warmup_cosine(0.1, 1.0, 50, 100), 50),
        (s.one_cycle(1.0, 100), 30),
        (s.warmup_stable_decay(1.0, 50, 20, 30), 50),
        (s.warmup_stable_decay(1.0, 50, 20, 30), 70),
    ):
        before, here, after = np.asarray(at(schedule, jnp.array([boundary - 1, boundary, boundary + 1])))
        assert here == pytest.approx(1.0)
        assert abs(here - before) < 0.05
        assert abs(here - after) < 0.05


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: s.warmup_cosine(0.0, 1e-3, 0.1, 100), "warmup_cosine: warmup_steps"),
        (lambda: s.warmup_cosine(0.0, 1e-3, 0, 0.9), "warmup_cosine: decay_steps"),
        (lambda: s.warmup_stable_decay(1e-3, 10, 80, 0.1), "warmup_stable_decay: decay_steps"),
    ],
)
def test_a_share_of_the_run_is_no_number_of_steps(make: Any, argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} is a number of steps, got 0.* for a share of the run, multiply"):
        make()
