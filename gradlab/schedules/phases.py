"""Schedules of several phases: warm-up, plateau, decay, and any others joined at boundaries."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np

from ..hyperparameters import Fraction, Hyperparameter, NonNegative, Positive, is_concrete, weak
from .base import as_schedule, schedule
from .decay import half_cosine, progress


@schedule
def piecewise(init_value: Hyperparameter, boundaries, factors):
    r"""Multiply by a factor from each boundary on, $a \prod_{i: t \ge b_i} f_i$.

    `boundaries` are steps $b_i$ and `factors` $f_i$ numbers, tuples of equal length; the new value holds from the
    step $b_i$ itself on. Raises ValueError if the lengths differ.
    """
    if len(boundaries) != len(factors):
        raise ValueError(f"piecewise: {len(boundaries)} boundaries need as many factors, got {len(factors)}")

    def at(step):
        value = init_value
        for boundary, factor in zip(boundaries, factors):
            value = value * jnp.where(step >= weak(boundary), weak(factor), 1.0)
        return value

    return at


@schedule
def join(schedules, boundaries):
    """Run schedules one after another, each with steps that count from 0 at its own boundary.

    `schedules` are $n$ schedules or numbers, `boundaries` the $n - 1$ rising steps at which the next one begins.
    Raises ValueError if the lengths do not fit.
    """
    if len(schedules) != len(boundaries) + 1:
        raise ValueError(f"join: {len(schedules)} schedules need one boundary fewer, got {len(boundaries)}")
    if is_concrete(boundaries) and any(later <= earlier for earlier, later in itertools.pairwise(boundaries)):
        raise ValueError(f"join: boundaries must rise, got {boundaries}")

    def at(step):
        value = as_schedule(schedules[0])(step)
        for following, boundary in zip(schedules[1:], boundaries):
            here = jnp.maximum(step - weak(boundary), 0)
            value = jnp.where(step >= weak(boundary), as_schedule(following)(here), value)
        return value

    return at


@schedule
def warmup_cosine(
    init_value: Hyperparameter,
    peak_value: Hyperparameter,
    warmup_steps: NonNegative,
    decay_steps: Positive,
    end_value: Hyperparameter = 0.0,
):
    """Rise in a straight line to a peak, then fall along half a cosine.

    From `init_value` at step 0 to `peak_value` at `warmup_steps` to `end_value` at `decay_steps`, which counts both
    phases. Raises ValueError unless that is above `warmup_steps`.
    Source: Goyal et al. (2017); Loshchilov & Hutter (2017).
    """
    if is_concrete((warmup_steps, decay_steps)) and np.any(np.asarray(decay_steps) <= np.asarray(warmup_steps)):
        raise ValueError(
            f"warmup_cosine: decay_steps counts both phases and must be above warmup_steps, got {decay_steps} and "
            f"{warmup_steps}; pass warmup_steps + the steps of the decay"
        )

    def at(step):
        rising = init_value + (peak_value - init_value) * step / jnp.maximum(warmup_steps, 1)
        falling = end_value + (peak_value - end_value) * half_cosine(
            progress(step - warmup_steps, decay_steps - warmup_steps)
        )
        return jnp.where(step < warmup_steps, rising, falling)

    return at


@schedule
def one_cycle(
    peak_value: Hyperparameter,
    total_steps: Positive,
    rising_share: Fraction = 0.3,
    start_factor: Positive = 25.0,
    end_factor: Positive = 1e4,
):
    r"""One cycle: up to a peak along a cosine, then down far below the start, over `total_steps`.

    Begins at `peak_value / start_factor`, peaks at the share `rising_share` in [0, 1] of the steps, and ends at
    `peak_value / (start_factor end_factor)`. Source: Smith & Topin (2018).
    """

    def at(step):
        start = peak_value / start_factor
        end = start / end_factor
        turn = rising_share * total_steps
        rising = peak_value + (start - peak_value) * half_cosine(progress(step, jnp.maximum(turn, 1e-6)))
        falling = end + (peak_value - end) * half_cosine(progress(step - turn, jnp.maximum(total_steps - turn, 1e-6)))
        return jnp.where(step < turn, rising, falling)

    return at


@schedule
def warmup_stable_decay(
    peak_value: Hyperparameter,
    warmup_steps: NonNegative,
    stable_steps: NonNegative,
    decay_steps: Positive,
    init_value: Hyperparameter = 0.0,
    end_value: Hyperparameter = 0.0,
):
    """Rise to a plateau, stay, and fall, all in straight lines.

    The three phases last `warmup_steps`, `stable_steps` and `decay_steps`. Source: Hu et al. (2024), MiniCPM.
    """

    def at(step):
        rising = init_value + (peak_value - init_value) * progress(step, jnp.maximum(warmup_steps, 1))
        falling = progress(step - warmup_steps - stable_steps, decay_steps)
        return jnp.where(step < warmup_steps, rising, peak_value + (end_value - peak_value) * falling)

    return at


@schedule
def nadam_momentum(b1: Fraction = 0.9, decay: NonNegative = 0.004, start: NonNegative = 1.0):
    r"""Nadam's momentum, which warms up, $\mu_t = \beta_1 (1 - \tfrac12 0.96^{\psi t})$ with $t$ = step + `start`.

    `b1` is $\beta_1$, where it ends; `decay` is $\psi$, per step. A `start` of 2 gives $\mu_{t+1}$ for the $\beta_1$ of
    step $t$, with which PyTorch and Keras look ahead. Source: Dozat (2016), section 3.
    """
    return lambda step: b1 * (1 - 0.5 * 0.96 ** (decay * (step + start)))
