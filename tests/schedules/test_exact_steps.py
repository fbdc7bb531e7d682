"""Schedules against rational arithmetic: at their boundaries and around them, however they are compiled and called."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import gradlab as gl

s = gl.schedules
LAST = 2**31 - 1
FAR = 40_000_000


def share(step: int, steps: Fraction) -> Fraction:
    return min(Fraction(step) / steps, Fraction(1)) if steps else Fraction(1)


def line(a: float, b: float, done: Fraction) -> float:
    return float(Fraction(a) + (Fraction(b) - Fraction(a)) * done)


def arc(a: float, b: float, done: Fraction) -> float:
    return b + (a - b) * math.sin(math.pi / 2 * float(1 - done)) ** 2


def phases(step: int, *parts: tuple[int, Callable[[int], float]], end: float) -> float:
    """The value of the first part, given by its length and its value, that a step lies in."""
    for length, value in parts:
        if step < length:
            return value(step)
        step -= length
    return end


# name -> (schedule, reference) of two lengths
CASES: dict[str, Callable[[int, int], tuple[Any, Callable[[int], float]]]] = {
    "linear": lambda n, m: (s.linear(0.3, 0.1, n), lambda t: line(0.3, 0.1, share(t, Fraction(n)))),
    "linear, later": lambda n, m: (
        s.linear(0.0, 1.0, n, m),
        lambda t: line(0.0, 1.0, share(max(t - m, 0), Fraction(n))),
    ),
    "cosine": lambda n, m: (s.cosine(0.3, n, 0.5), lambda t: arc(0.3, 0.15, share(t, Fraction(n)))),
    "root": lambda n, m: (
        s.polynomial(0.3, 0.1, 0.5, n),
        lambda t: 0.1 + (0.3 - 0.1) * math.sqrt(1 - share(t, Fraction(n))),
    ),
    "staircase": lambda n, m: (s.exponential(1.0, n, 0.5, staircase=True), lambda t: 0.5 ** (t // n)),
    "later staircase": lambda n, m: (
        s.exponential(1.0, n, 0.5, m, staircase=True),
        lambda t: 0.5 ** (max(t - m, 0) // n),
    ),
    "piecewise": lambda n, m: (
        s.piecewise(1.0, (n, n + m), (0.5, 0.25)),
        lambda t: 0.5 ** (t >= n) * 0.25 ** (t >= n + m),
    ),
    "join": lambda n, m: (
        s.join((3.0, s.linear(0.0, 1.0, 10), s.shift(s.linear(2.0, 1.0, 10), 2)), (n, n + m)),
        lambda t: phases(
            t,
            (n, lambda t: 3.0),
            (m, lambda t: line(0.0, 1.0, share(t, Fraction(10)))),
            (LAST, lambda t: line(2.0, 1.0, share(t + 2, Fraction(10)))),
            end=1.0,
        ),
    ),
    "warmup_cosine": lambda n, m: (
        s.warmup_cosine(0.1, 0.3, n, n + m, 0.2),
        lambda t: phases(
            t,
            (n, lambda t: line(0.1, 0.3, share(t, Fraction(n)))),
            (m, lambda t: arc(0.3, 0.2, share(t, Fraction(m)))),
            end=0.2,
        ),
    ),
    "warmup_stable_decay": lambda n, m: (
        s.warmup_stable_decay(0.3, 5, n, m, 0.1, 0.2),
        lambda t: phases(
            t,
            (5, lambda t: line(0.1, 0.3, share(t, Fraction(5)))),
            (n, lambda t: 0.3),
            (m, lambda t: line(0.3, 0.2, share(t, Fraction(m)))),
            end=0.2,
        ),
    ),
    "one_cycle": lambda n, m: (
        s.one_cycle(0.3, 2 * n, 0.5, 3.0, 2.0),
        lambda t: phases(
            t,
            (n, lambda t: arc(0.1, 0.3, share(t, Fraction(n)))),
            (n, lambda t: arc(0.3, 0.05, share(t, Fraction(n)))),
            end=0.05,
        ),
    ),
    "inverse_time": lambda n, m: (s.inverse_time(0.3, n), lambda t: float(Fraction(0.3) / (1 + Fraction(t, n)))),
}

argument = jax.jit(jax.vmap(lambda schedule, step: schedule(step) * 1.0, in_axes=(None, 0)))


def around(n: int, m: int) -> list[int]:
    """The boundaries that the cases have, and their neighbors: always as many, so that no shape is compiled anew."""
    near = {b + d for b in (0, 5, n, m, 2 * n, n + m, n + m + 5, 5 + n, n + 10, n + m + 10) for d in (-1, 0, 1)}
    steps = sorted(step for step in near | {LAST - 1, LAST} if 0 <= step <= LAST)
    return steps + [LAST] * (32 - len(steps))


@pytest.mark.parametrize("x64", [True, False])
@pytest.mark.parametrize("case", CASES)
@settings(max_examples=4)
@example(n=41, m=41)
@example(n=FAR + 1, m=FAR + 7)
@given(n=st.one_of(st.integers(1, 200), st.integers(2**24, 10**9)), m=st.integers(1, 200))
def test_every_way_to_call_a_schedule_gives_the_rational_value(case: str, x64: bool, n: int, m: int) -> None:
    schedule, reference = CASES[case](n, m)
    steps = around(n, m)
    expected = np.array([reference(step) for step in steps])
    tolerance: Any = {"rtol": 1e-14 if x64 else 1e-6, "atol": 1e-300}
    with jax.enable_x64(x64):
        array = jnp.asarray(steps, jnp.int32)
        np.testing.assert_allclose(argument(schedule, array), expected, **tolerance)
        mapped = jax.vmap(lambda step: schedule(step) * 1.0)(array)
        np.testing.assert_allclose(mapped, expected, **tolerance)
        closed_over = np.asarray(jax.jit(jax.vmap(lambda step: schedule(step) * 1.0))(array))
        assert np.all(np.abs(closed_over - mapped) <= 2 * np.spacing(np.abs(mapped)))
        for step, value in [*zip(steps, mapped)][::15]:
            for kind in (int, np.int64, np.int32, jnp.int32, jnp.uint32):
                assert schedule(kind(step)) == value


@pytest.mark.parametrize("x64", [True, False])
@pytest.mark.parametrize("period", [41, 49, 82, 93, 10.5, 10.25, 1, FAR + 1])
def test_a_staircase_falls_at_the_multiples_of_its_period(period: float, x64: bool) -> None:
    """For 41 and 49, a product with the rounded reciprocal is below the whole number that the quotient is."""
    first = [math.ceil(k * Fraction(period)) for k in range(1, 150) if k * period < LAST]
    steps = [*first, *(step - 1 for step in first)]
    staircase = s.exponential(1.0, period, 0.999, staircase=True)
    with jax.enable_x64(x64):
        array = jnp.asarray(steps, jnp.int32)
        expected = [0.999 ** (Fraction(step) // Fraction(period)) for step in steps]
        for compiled in (jax.jit(jax.vmap(lambda step: staircase(step) * 1.0)), lambda a: argument(staircase, a)):
            np.testing.assert_allclose(compiled(array), expected, rtol=1e-13 if x64 else 3e-5)


@pytest.mark.parametrize("x64", [True, False])
def test_the_ends_and_the_peak_are_exact(x64: bool) -> None:
    """Also where a sum of differences is not: 0.1 + (0.7 - 0.1) is below 0.7."""
    ends = [
        (s.linear(0.1, 0.7, 41), 41, 0.7),
        (s.linear(0.7, 0.1, 41), 41, 0.1),
        (s.polynomial(0.1, 0.7, 0.5, 41), 41, 0.7),
        (s.polynomial(0.1, 0.7, 3, 41), 0, 0.1),
        (s.cosine(0.7, 41, 0.5), 41, 0.35),
        (s.cosine(0.7, 41, 0.5, exponent=0.5), 41, 0.35),
        (s.warmup_cosine(0.3, 0.7, 41, 90, 0.1), 41, 0.7),
        (s.warmup_cosine(0.3, 0.7, 41, 90, 0.1), 90, 0.1),
        (s.warmup_stable_decay(0.7, 41, 3, 9, 0.3, 0.1), 41, 0.7),
        (s.warmup_stable_decay(0.7, 41, 3, 9, 0.3, 0.1), 44, 0.7),
        (s.warmup_stable_decay(0.7, 41, 3, 9, 0.3, 0.1), 53, 0.1),
        (s.one_cycle(0.7, 100, 0.3), 30, 0.7),
        (s.one_cycle(0.7, 100, 0.5, 4.0, 2.0), 100, 0.7 / 4.0 / 2.0),
        (s.one_cycle(0.7, 100, 0.5, 4.0, 2.0), 0, 0.7 / 4.0),
    ]
    with jax.enable_x64(x64):
        for schedule, step, value in ends:
            for later in {0} if step == 0 else {0, 1, 1000} if value < 0.7 and "one_cycle" in repr(schedule) else {0}:
                got = jnp.asarray(schedule(step + later)) * 1.0
                assert got == jnp.asarray(value), (schedule, step)
                assert jax.jit(lambda step, schedule=schedule: schedule(step) * 1.0)(step + later) == got


def test_a_step_beyond_int32_does_not_overflow() -> None:
    with jax.enable_x64(False):
        for step in (3_000_000_000, np.int64(3_000_000_000), np.uint32(3_000_000_000), jnp.uint32(3_000_000_000)):
            value = s.inverse_time(1.0, 1e9)(step)
            assert value == pytest.approx(0.25)
            assert value.dtype == jnp.float32
            assert value.weak_type
        assert s.linear(0.0, 1.0, 4_000_000_000)(3_000_000_000) == 0.75
        assert s.piecewise(1.0, (2_999_999_999, 3_000_000_001), (0.5, 0.5))(3_000_000_000) == 0.5
        assert s.as_schedule(lambda step: (step % 7).astype(float))(3_000_000_000) == 3_000_000_000 % 7
        late = s.piecewise(1.0, (3_000_000_000,), (0.5,))
        assert argument(late, jnp.array([LAST], jnp.int32)) == 1.0  # a saturated counter never gets there
        assert jax.jit(lambda step: late(step) * 1.0)(LAST) == 1.0
        counted = jax.jit(lambda step: s.as_schedule(lambda step: step)(step))(jnp.uint32(3_000_000_000))
        assert counted == LAST  # compiled, it saturates


def test_a_saturated_counter_stays_at_the_last_step() -> None:
    """An offset added to 2^31 - 1 would begin again below 0."""
    falling = s.linear(1.0, 0.0, 1000)
    with jax.enable_x64(False):
        last = jnp.int32(LAST)
        assert s.shift(falling, 1)(last) == 0.0
        assert s.shift(falling, 3_000_000_000)(0) == 0.0
        assert jax.jit(lambda offset, step: s.shift(falling, offset)(step))(1, last) == 0.0
        assert s.join((1.0, falling), (-5,))(last) == 0.0


def test_large_steps_are_leaves_of_their_own_kind_and_all_others_floats() -> None:
    """A float32 holds 40,000,000 and not 40,000,001, which JAX would round where it is an argument."""
    assert jax.tree.leaves(s.linear(0.0, 1.0, FAR)) == [0.0, 1.0, float(FAR)]
    assert [type(leaf) for leaf in jax.tree.leaves(s.linear(0.0, 1.0, FAR))] == [float] * 3
    assert [type(leaf) for leaf in jax.tree.leaves(s.linear(0.0, 1.0, FAR + 1))] == [float, float, int]
    assert [type(leaf) for leaf in jax.tree.leaves(s.piecewise(1.0, (7, FAR + 1), (1, 2)).boundaries)] == [float, int]
    assert s.linear(0.0, 1.0, FAR + 1) == s.linear(0.0, 1.0, np.int64(FAR + 1)) == s.linear(0.0, 1.0, FAR + 1.0)
    assert type(s.linear(0.0, 1.0, 3e9).transition_steps) is float


def test_an_optimizer_meets_a_boundary_far_on(rollout: Callable[..., Any]) -> None:
    tx = gl.sgd(s.join((0.0, s.linear(0.0, 1.0, 4)), (FAR + 1,)))
    one = jnp.ones((), jnp.float32)
    state = jax.tree.map(lambda leaf: jnp.asarray(FAR, jnp.int32), tx.init(one))
    update = jax.jit(lambda tx, state: tx.update(one, state))
    rates = []
    with jax.enable_x64(False):
        for _ in range(6):
            updates, state = update(tx, state)
            rates.append(-float(updates))
    np.testing.assert_allclose(rates, [0.0, 0.0, 0.25, 0.5, 0.75, 1.0], atol=0)


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_costs_few_operations_on_scalars(name: str) -> None:
    """At most 60 closed over and 160 as an argument, all elementwise, so that they are one small kernel."""
    schedule, _ = CASES[name](41, 82)

    def operations(jaxpr: Any) -> list[str]:
        inner = [equation.params.get("jaxpr") for equation in jaxpr.eqns]
        return [
            name
            for equation, nested in zip(jaxpr.eqns, inner)
            for name in ([equation.primitive.name] if nested is None else operations(nested.jaxpr))
        ]

    closed_over = operations(jax.make_jaxpr(schedule)(3).jaxpr)
    as_argument = operations(jax.make_jaxpr(lambda schedule, step: schedule(step))(schedule, 3).jaxpr)
    assert len(closed_over) <= 60
    assert len(as_argument) <= 160
    assert not {"while", "scan", "cond", "gather", "dot_general"} & {*closed_over, *as_argument}
