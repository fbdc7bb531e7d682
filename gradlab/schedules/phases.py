"""Schedules of several phases: warm-up, plateau and decay, or any schedules joined at boundaries."""

from __future__ import annotations

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..values.numeric_arguments import (
    Fraction,
    Hyperparameter,
    NonNegative,
    Positive,
    PositiveSteps,
    Steps,
    as_weak,
    is_concrete,
)
from .base import as_schedule, schedule
from .decay import half_cosine, line
from .step_arithmetic import START, Count, add_steps, has_reached, measure_progress, split, steps_since


@schedule(step="exact")
def piecewise(init_value: Hyperparameter, boundaries, factors):
    r"""Multiply by a factor from each boundary on, $a \prod_{i: t \ge b_i} f_i$.

    `init_value` is $a$. `boundaries` are the steps $b_i$ and `factors` the numbers $f_i$, in tuples of equal length.
    Step $b_i$ is the first with the factor $f_i$. Raises ValueError if the lengths differ.

    >>> rate = gl.schedules.piecewise(0.1, (10, 20), (0.5, 0.1))
    >>> [round(float(rate(step)), 3) for step in (9, 10, 20)]
    [0.1, 0.05, 0.005]
    """
    if len(boundaries) != len(factors):
        raise ValueError(f"piecewise: {len(boundaries)} boundaries need as many factors, got {len(factors)}")

    def at(step):
        value = init_value
        for boundary, factor in zip(boundaries, factors):
            value = value * jnp.where(has_reached(step, split(boundary)), as_weak(factor), 1.0)
        return value

    return at


@schedule(step="exact")
def join(schedules, boundaries):
    """Run schedules one after another, each with steps that count from 0 at its own boundary.

    `schedules` are $n$ schedules or numbers. `boundaries` are the $n - 1$ steps at which the next one begins, in rising
    order; between two equal ones, a schedule has no step. Outside of its own steps, a schedule is called with step 0.
    Raises TypeError if either is not a list, tuple or array, and ValueError if the lengths do not fit or the boundaries
    fall.

    >>> rate = gl.schedules.join([gl.schedules.linear(0.0, 0.1, 10), 0.01], boundaries=[10])
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10)]
    [0.0, 0.05, 0.01]
    """
    for name, values in (("schedules", schedules), ("boundaries", boundaries)):
        if not (isinstance(values, (tuple, list)) or getattr(values, "ndim", 0) > 0):
            raise TypeError(f"join: {name} must be a list, got {type(values).__name__}: {values!r}; write [{values!r}]")
    if len(schedules) != len(boundaries) + 1:
        raise ValueError(f"join: {len(schedules)} schedules need one boundary fewer, got {len(boundaries)}")
    if is_concrete(boundaries) and any(later < earlier for earlier, later in itertools.pairwise(boundaries)):
        raise ValueError(f"join: boundaries must not fall, got {boundaries}")

    def at(step):
        begins = [split(boundary) for boundary in boundaries]
        has_begun = [has_reached(step, begin) for begin in begins]
        value = as_schedule(schedules[0])(_zero_where(has_begun[0], step) if has_begun else step)
        for following, begin, here, over in zip(schedules[1:], begins, has_begun, [*has_begun[1:], None]):
            own = steps_since(step, begin)
            value = jnp.where(here, as_schedule(following)(own if over is None else _zero_where(over, own)), value)
        return value

    return at


def _zero_where(over, step):
    """Return a step, or 0 where a phase is over, because a schedule may be infinite beyond its own steps."""
    return Count(jnp.where(over, 0, step.whole), jnp.where(over, 0.0, step.rest) if step.has_rest else 0.0)


@schedule(step="exact")
def warmup_cosine(
    init_value: Hyperparameter,
    peak_value: Hyperparameter,
    warmup_steps: Steps,
    decay_steps: Steps,
    end_value: Hyperparameter = 0.0,
    exponent: Positive | None = None,
):
    """Rise in a straight line to a peak, then fall along half a cosine.

    The value is `init_value` at step 0, `peak_value` at step `warmup_steps`, and `end_value` from step `decay_steps`
    on, which counts both phases. A phase of no steps is left out. `exponent` is the power of the cosine, by default 1.
    Raises ValueError if `decay_steps` is below `warmup_steps`, and for a phase between 0 and 1, such as a share of the
    run. Source: Goyal et al. (2017); Loshchilov & Hutter (2017).

    >>> rate = gl.schedules.warmup_cosine(0.0, 0.1, warmup_steps=10, decay_steps=110)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """
    _refuse_shares("warmup_cosine", warmup_steps=warmup_steps, decay_steps=decay_steps)
    if is_concrete((warmup_steps, decay_steps)) and np.any(np.asarray(decay_steps) < np.asarray(warmup_steps)):
        raise ValueError(
            f"warmup_cosine: decay_steps counts both phases and must not be below warmup_steps, got {decay_steps} and "
            f"{warmup_steps}; pass warmup_steps + the steps of the decay"
        )

    def at(step):
        peak, end = split(warmup_steps), split(decay_steps)
        rising = line(init_value, peak_value, *measure_progress(step, START, peak))
        falling = half_cosine(peak_value, end_value, *measure_progress(step, peak, end), exponent)
        return jnp.where(has_reached(step, peak), falling, rising)

    return at


def _refuse_shares(name: str, **phases: Any) -> None:
    """Raise ValueError for a phase of less than one step, which is meant as a share of the run."""
    for argument, steps in phases.items():
        if is_concrete(steps) and np.any((np.asarray(steps) > 0) & (np.asarray(steps) < 1)):
            raise ValueError(
                f"{name}: {argument} is a number of steps, got {steps}; for a share of the run, multiply it by the "
                "number of steps of the run"
            )


@schedule(step="exact")
def one_cycle(
    peak_value: Hyperparameter,
    total_steps: PositiveSteps,
    rising_share: Fraction = 0.3,
    start_factor: Positive = 25.0,
    end_factor: Positive = 1e4,
):
    r"""Rise to a peak along a cosine, then fall far below the start, over `total_steps` steps.

    It begins at `peak_value / start_factor`, peaks after the share `rising_share` in [0, 1] of the steps, and ends at
    `peak_value / (start_factor * end_factor)`. Source: Smith & Topin (2018).

    >>> rate = gl.schedules.one_cycle(0.5, 100, start_factor=25, end_factor=10)
    >>> [round(float(rate(step)), 3) for step in (0, 15, 30, 100)]  # from 0.5 / 25 to 0.5, and to 0.5 / 250
    [0.02, 0.26, 0.5, 0.002]
    """

    def at(step):
        start_value = peak_value / start_factor
        end_value = start_value / end_factor
        peak, end = split(rising_share * total_steps), split(total_steps)
        rising = half_cosine(start_value, peak_value, *measure_progress(step, START, peak))
        falling = half_cosine(peak_value, end_value, *measure_progress(step, peak, end))
        return jnp.where(has_reached(step, peak), falling, rising)

    return at


@schedule(step="exact")
def warmup_stable_decay(
    peak_value: Hyperparameter,
    warmup_steps: Steps,
    stable_steps: Steps,
    decay_steps: Steps,
    init_value: Hyperparameter = 0.0,
    end_value: Hyperparameter = 0.0,
):
    """Rise to a plateau, stay there, and fall, all in straight lines.

    The value goes from `init_value` to `peak_value` to `end_value`. The phases last `warmup_steps`, `stable_steps` and
    `decay_steps`; a phase of no steps is left out. Raises ValueError for one between 0 and 1, such as a share.
    Source: Hu et al. (2024), MiniCPM.

    >>> rate = gl.schedules.warmup_stable_decay(0.1, warmup_steps=10, stable_steps=80, decay_steps=10)
    >>> [round(float(rate(step)), 3) for step in (0, 5, 10, 90, 95, 100)]
    [0.0, 0.05, 0.1, 0.1, 0.05, 0.0]
    """
    phases = {"warmup_steps": warmup_steps, "stable_steps": stable_steps, "decay_steps": decay_steps}
    _refuse_shares("warmup_stable_decay", **phases)

    def at(step):
        plateau = split(warmup_steps)
        rising = line(init_value, peak_value, *measure_progress(step, START, plateau))
        decay = add_steps(plateau, split(stable_steps))
        falling = line(peak_value, end_value, *measure_progress(step, decay, add_steps(decay, split(decay_steps))))
        return jnp.where(has_reached(step, plateau), falling, rising)

    return at


@schedule
def nadam_momentum(b1: Fraction = 0.9, decay: NonNegative = 0.004, start: NonNegative = 1.0):
    r"""Warm up the momentum of Nadam, $\mu_t = \beta_1 (1 - \tfrac12 0.96^{\psi t})$ with $t$ = step + `start`.

    `b1` is $\beta_1$ in [0, 1], the final value. `decay` is $\psi$ in [0, inf), for each step. `start` is the $t$ of
    the first step: with 2 the values are $\mu_{t+1}$, the momentum of the next step. If $\beta_1$ is itself a schedule,
    it is that of step $t$ all the same, as in PyTorch and Keras. Source: Dozat (2016), section 3.

    >>> momentum = gl.schedules.nadam_momentum(0.9)
    >>> [round(float(momentum(step)), 3) for step in (0, 1000, 100_000)]  # from 0.45 to 0.9
    [0.45, 0.518, 0.9]
    """
    return lambda step: b1 * (1 - 0.5 * 0.96 ** (decay * (step + start)))
