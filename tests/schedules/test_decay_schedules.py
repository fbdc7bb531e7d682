"""Schedules that fall: points worked out by hand, and optax's where it has the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

s = gl.schedules
at = jax.jit(jax.vmap(lambda schedule, step: schedule(step), in_axes=(None, 0)))


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (s.linear(1.0, 0.0, 10), {0: 1.0, 1: 0.9, 5: 0.5, 9: 0.1, 10: 0.0, 11: 0.0, 1000: 0.0}),
        (s.linear(-1.0, 3.0, 4), {0: -1.0, 1: 0.0, 3: 2.0, 4: 3.0, 5: 3.0}),
        (s.linear(0.1, 0.2, 0.5), {0: 0.1, 1: 0.2, 2: 0.2}),
        (s.cosine(2.0, 8), {0: 2.0, 2: 1 + np.sqrt(0.5), 4: 1.0, 6: 1 - np.sqrt(0.5), 8: 0.0, 9: 0.0, 999: 0.0}),
        (s.cosine(2.0, 8, 0.25), {0: 2.0, 4: 1.25, 8: 0.5, 100: 0.5}),
        (s.cosine(2.0, 8, 1.0), {0: 2.0, 3: 2.0, 8: 2.0}),
        (s.exponential(3.0, 2, 0.25), {0: 3.0, 1: 1.5, 2: 0.75, 4: 0.1875}),
        (s.exponential(3.0, 2, 0.25, staircase=True), {0: 3.0, 1: 3.0, 2: 0.75, 3: 0.75, 4: 0.1875}),
        (s.exponential(3.0, 2, 0.25, end_value=1.0), {0: 3.0, 1: 1.5, 2: 1.0, 50: 1.0}),
        (s.exponential(1.0, 1, 2.0, end_value=5.0), {0: 1.0, 2: 4.0, 3: 5.0, 50: 5.0}),
        (s.exponential(3.0, 2, 0.0), {0: 3.0, 1: 0.0, 2: 0.0}),
        (s.inverse_time(1.0), {0: 1.0, 1: 0.5, 3: 0.25, 99: 0.01}),
        (s.inverse_time(6.0, 10, 2.0), {0: 6.0, 5: 3.0, 10: 2.0}),
        (s.inverse_time(6.0, 10, 0.0), {0: 6.0, 10: 6.0}),
        (s.inverse_square_root(1.0), {0: 1.0, 3: 0.5, 8: 1 / 3, 99: 0.1}),
        (s.inverse_square_root(6.0, 10), {0: 6.0, 30: 3.0}),
        (s.polynomial(1.0, 0.0, 2, 10), {0: 1.0, 5: 0.25, 9: 0.01, 10: 0.0, 11: 0.0}),
        (s.polynomial(5.0, 1.0, 0.5, 16), {0: 5.0, 12: 3.0, 16: 1.0, 99: 1.0}),
    ],
    ids=repr,
)
def test_points_by_hand(schedule: Any, points: dict[int, float]) -> None:
    got = at(schedule, jnp.asarray(list(points)))
    np.testing.assert_allclose(got, list(points.values()), rtol=1e-13, atol=1e-15)
    assert schedule(next(iter(points))) == pytest.approx(next(iter(points.values())), rel=1e-13)


OPTAX: dict[str, tuple[Any, Callable[..., Any]]] = {
    "constant": (s.constant(0.3), optax.constant_schedule(0.3)),
    "linear": (s.linear(0.3, 0.05, 20), optax.linear_schedule(0.3, 0.05, 20)),
    "cosine": (s.cosine(0.3, 20), optax.cosine_decay_schedule(0.3, 20)),
    "cosine, alpha": (s.cosine(0.3, 20, 0.1), optax.cosine_decay_schedule(0.3, 20, alpha=0.1)),
    "exponential": (s.exponential(0.3, 7, 0.5), optax.exponential_decay(0.3, 7, 0.5)),
    "staircase": (
        s.exponential(0.3, 7, 0.5, staircase=True),
        optax.exponential_decay(0.3, 7, 0.5, staircase=True),
    ),
    "floor": (s.exponential(0.3, 7, 0.5, end_value=0.1), optax.exponential_decay(0.3, 7, 0.5, end_value=0.1)),
    "ceiling": (s.exponential(0.3, 7, 1.5, end_value=0.8), optax.exponential_decay(0.3, 7, 1.5, end_value=0.8)),
    "polynomial": (s.polynomial(0.3, 0.05, 3, 20), optax.polynomial_schedule(0.3, 0.05, 3, 20)),
    "piecewise": (
        s.piecewise(0.3, (5, 6, 20), (0.5, 2.0, 0.1)),
        optax.piecewise_constant_schedule(0.3, {5: 0.5, 6: 2.0, 20: 0.1}),
    ),
    "join": (
        s.join((s.linear(0.0, 0.3, 5), 0.3, s.cosine(0.3, 10)), (5, 12)),
        optax.join_schedules(
            [
                optax.linear_schedule(0.0, 0.3, 5),
                optax.constant_schedule(0.3),
                optax.cosine_decay_schedule(0.3, 10),
            ],
            [5, 12],
        ),
    ),
    "warmup_cosine": (
        s.warmup_cosine(0.01, 0.3, 6, 20, 0.05),
        optax.warmup_cosine_decay_schedule(0.01, 0.3, 6, 20, 0.05),
    ),
    "one_cycle": (s.one_cycle(0.3, 20, 0.3, 25, 1e4), optax.cosine_onecycle_schedule(20, 0.3, 0.3, 25, 1e4)),
}


@pytest.mark.parametrize("name", OPTAX)
def test_optax_has_the_same_one(name: str) -> None:
    ours, theirs = OPTAX[name]
    steps = jnp.arange(31)
    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        expected = jax.vmap(theirs)(steps) * np.ones(31)
    np.testing.assert_allclose(at(ours, steps) * np.ones(31), expected, rtol=1e-5, atol=1e-12)  # optax: partly float32
    assert len(np.unique(expected)) > 1 or name == "constant"


def test_the_floor_follows_the_decay_rate_inside_a_trace() -> None:
    ends = jax.jit(jax.vmap(lambda rate: s.exponential(1.0, 1, rate, end_value=0.5)(10)))(jnp.array([0.9, 0.1, 1.1]))
    np.testing.assert_allclose(ends, [0.5, 0.5, 0.5])
    starts = jax.jit(jax.vmap(lambda rate: s.exponential(1.0, 1, rate, end_value=0.5)(0)))(jnp.array([0.9, 1.1]))
    np.testing.assert_allclose(starts, [1.0, 0.5])
