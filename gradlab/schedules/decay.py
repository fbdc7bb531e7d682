"""Schedules that decay from an initial value."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from ..arithmetic.safe_arithmetic import power as power_of
from ..values.numeric_arguments import (
    Fraction,
    Hyperparameter,
    NonNegative,
    Positive,
    PositiveSteps,
    Steps,
    is_concrete,
)
from .base import schedule
from .step_arithmetic import START, add_steps, count_periods, measure_progress, quotient, split, steps_since


@schedule(step="exact")
def linear(
    init_value: Hyperparameter,
    end_value: Hyperparameter,
    transition_steps: Steps,
    transition_begin: Steps | None = None,
):
    r"""Go in a straight line, $a + (b - a) \min(t / T, 1)$.

    `init_value` is $a$, the value at step 0. `end_value` is $b$, the value from step $T$ = `transition_steps` on, which
    may be 0. `transition_begin` is the step at which the line begins, by default 0; the value is $a$ until then.

    >>> rate = gl.schedules.linear(0.1, 0.0, transition_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 20)]
    [0.1, 0.05, 0.0, 0.0]
    """
    return lambda step: line(init_value, end_value, *_measure_transition(step, transition_begin, transition_steps))


@schedule(step="exact")
def cosine(
    init_value: Hyperparameter,
    decay_steps: PositiveSteps,
    alpha: Fraction = 0.0,
    exponent: Positive | None = None,
):
    r"""Fall along half a cosine, $a ((1 - \alpha) (\frac{1 + \cos(\pi t / T)}{2})^p + \alpha)$ for $t < T$.

    `init_value` is $a$, the value at step 0. From step $T$ = `decay_steps` on, the value is $\alpha a$, and `alpha` is
    $\alpha$ in [0, 1]. `exponent` is $p$ in (0, inf), by default 1. Source: Loshchilov & Hutter (2017), equation 5.

    >>> rate = gl.schedules.cosine(0.1, decay_steps=100)
    >>> [round(float(rate(step)), 3) for step in (0, 25, 50, 100)]
    [0.1, 0.085, 0.05, 0.0]
    """
    return lambda step: half_cosine(
        init_value, alpha * init_value, *measure_progress(step, START, split(decay_steps)), exponent
    )


@schedule(step="exact")
def exponential(
    init_value: Hyperparameter,
    transition_steps: PositiveSteps,
    decay_rate: NonNegative,
    transition_begin: Steps | None = None,
    staircase: bool = False,
    end_value: Hyperparameter | None = None,
):
    r"""Multiply by the same factor again and again, $a\, r^{t / T}$.

    `init_value` is $a$, and `decay_rate` is $r$ in [0, inf), the factor for each $T$ = `transition_steps` steps. With
    `staircase` the value changes only at multiples of $T$, and exactly there if $T$ is a whole number.
    `transition_begin` is the step from which $t$ counts, by default 0; the value is $a$ until then. `end_value` is a
    floor if $r < 1$, and a ceiling if $r > 1$. The arguments are in the order of optax. Raises ValueError for a
    `transition_begin` that is not whole.

    >>> rate = gl.schedules.exponential(1.0, transition_steps=10, decay_rate=0.5)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 20)]
    [1.0, 0.707, 0.5, 0.25]
    """
    if transition_begin is not None and is_concrete(transition_begin) and np.any(np.asarray(transition_begin) % 1):
        raise ValueError(
            f"exponential: transition_begin counts whole steps, got {transition_begin}; if it is the end value, pass "
            f"end_value={transition_begin}"
        )

    def at(step):
        step = step if transition_begin is None else steps_since(step, split(transition_begin))
        periods = count_periods(step, transition_steps) if staircase else quotient(step.as_float, transition_steps)
        value = init_value * power_of(decay_rate, periods)
        if end_value is None:
            return value
        over = jnp.where(decay_rate < 1, value <= end_value, value >= end_value)
        # Beyond the end value, the power and its derivative may be infinite, so the exponent is replaced there.
        return jnp.where(over, end_value, init_value * power_of(decay_rate, jnp.where(over, 0.0, periods)))

    return at


@schedule(step="exact")
def inverse_time(init_value: Hyperparameter, transition_steps: PositiveSteps = 1.0, decay_rate: NonNegative = 1.0):
    r"""Fall in inverse proportion to time, $a / (1 + r t / T)$.

    `init_value` is $a$, `transition_steps` is $T$ in (0, inf), and `decay_rate` is $r$ in [0, inf).
    Source: Robbins & Monro (1951).

    >>> rate = gl.schedules.inverse_time(0.1, transition_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 10, 90)]  # half after 10 steps, a tenth after 90
    [0.1, 0.05, 0.01]
    """
    return lambda step: init_value / (1 + decay_rate * quotient(step.as_float, transition_steps))


@schedule(step="exact")
def inverse_square_root(init_value: Hyperparameter, timescale: PositiveSteps = 1.0):
    r"""Fall in inverse proportion to the root of time, $a / \sqrt{1 + t / T}$.

    `init_value` is $a$, the value at step 0, and `timescale` is $T$ in (0, inf), in steps.

    >>> rate = gl.schedules.inverse_square_root(0.1)
    >>> [round(float(rate(step)), 3) for step in (0, 3, 99)]  # 0.1 / sqrt(1 + step)
    [0.1, 0.05, 0.01]
    """
    return lambda step: init_value / jnp.sqrt(1 + quotient(step.as_float, timescale))


@schedule(step="exact")
def polynomial(
    init_value: Hyperparameter,
    end_value: Hyperparameter,
    power: Positive,
    transition_steps: Steps,
    transition_begin: Steps | None = None,
):
    r"""Fall along a power of the remaining time, $b + (a - b) (1 - \min(t / T, 1))^p$.

    `init_value` is $a$, the value at step 0. `end_value` is $b$, the value from step $T$ = `transition_steps` on, which
    may be 0. `power` is $p$ in (0, inf). `transition_begin` is the step from which $t$ counts, by default 0.

    >>> rate = gl.schedules.polynomial(0.1, 0.0, power=2, transition_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10)]  # 0.1 (1 - step / 10)^2
    [0.1, 0.025, 0.0]
    """

    def at(step):
        early, nearer = _measure_transition(step, transition_begin, transition_steps)
        return _follow_power(init_value, end_value, jnp.where(early, 1 - nearer, nearer), power)

    return at


def line(start, end, early, nearer):
    """Return the value on a straight line, from the progress of `measure_progress`. It is exact at both ends."""
    return jnp.where(early, start + (end - start) * nearer, end + (start - end) * nearer)


def half_cosine(start, end, early, nearer, exponent=None):
    """Return the value along half a cosine, or a power of it, from the progress of `measure_progress`."""
    share = jnp.sin(jnp.pi / 2 * nearer) ** 2  # (1 - cos(pi x)) / 2, without its cancellation at x near 0
    if exponent is None:
        return line(start, end, early, share)
    return _follow_power(start, end, jnp.where(early, 1 - share, share), exponent)


def _follow_power(start, end, share, exponent):
    """Return the value at a power of the remaining share: exactly `start` for a share of 1, and `end` for 0."""
    left = jnp.where(share > 0, share, 1.0) ** exponent  # 0^p has no slope for p < 1
    left = jnp.where(share > 0, left, 0.0)
    early = left > 0.5
    return line(start, end, early, jnp.where(early, 1 - left, left))


def _measure_transition(step, begin, steps):
    if begin is None:
        return measure_progress(step, START, split(steps))
    begin = split(begin)
    return measure_progress(step, begin, add_steps(begin, split(steps)))
