"""Bounds that close in on a final value, and the relative schedule."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl

s = gl.schedules
at = jax.jit(jax.vmap(lambda schedule, step: schedule(step), in_axes=(None, 0)))
STEPS = jnp.array([0, 1, 9, 999, 10**9])


def test_lower_bound() -> None:
    np.testing.assert_allclose(
        at(s.lower_bound(2.0, 0.5), STEPS), [2 / 3, 1.0, 2 * 5 / 6, 2 * 500 / 501, 2.0], rtol=1e-8
    )
    assert s.lower_bound(1.0).gamma == 1e-3


def test_upper_bound() -> None:
    np.testing.assert_allclose(at(s.upper_bound(2.0, 0.5), STEPS), [6.0, 4.0, 2.4, 2 * 1.002, 2.0], rtol=1e-8)


def test_they_close_in() -> None:
    steps = jnp.arange(1000)
    lower, upper = np.asarray(at(s.lower_bound(0.1), steps)), np.asarray(at(s.upper_bound(0.1), steps))
    assert np.all(np.diff(lower) > 0)
    assert np.all(np.diff(upper) < 0)
    assert np.all(lower < 0.1)
    assert np.all(upper > 0.1)


def test_the_final_value_may_be_a_schedule() -> None:
    rate = s.linear(1.0, 0.0, 10)
    plain = np.asarray(at(s.upper_bound(1.0, 0.5), jnp.arange(5)))
    np.testing.assert_allclose(at(s.upper_bound(rate, 0.5), jnp.arange(5)), plain * (1 - np.arange(5) / 10), rtol=1e-13)


def test_relative_is_the_share_of_the_first_value() -> None:
    np.testing.assert_allclose(at(s.relative(s.linear(4.0, 0.0, 4)), jnp.arange(6)), [1, 0.75, 0.5, 0.25, 0, 0])
    np.testing.assert_allclose(at(s.relative(lambda step: 0.5), jnp.arange(2)), [1.0, 1.0])
    np.testing.assert_allclose(at(s.relative(s.linear(0.0, 1.0, 4)), jnp.arange(6)), 1.0)
    assert np.isfinite(jax.grad(lambda a: s.relative(s.linear(a, 1.0, 4))(2))(0.0))
