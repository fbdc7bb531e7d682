"""Schedules that fall from a first value: the learning rate early, smaller later."""

from __future__ import annotations

import jax.numpy as jnp

from ..hyperparameters import Fraction, Hyperparameter, NonNegative, Positive
from .base import schedule


@schedule
def linear(init_value: Hyperparameter, end_value: Hyperparameter, transition_steps: Positive):
    r"""Go in a straight line, $a + (b - a) \min(t / T, 1)$.

    `init_value` is $a$ at step 0, `end_value` is $b$ from step $T$ = `transition_steps` on.
    """
    return lambda step: init_value + (end_value - init_value) * progress(step, transition_steps)


@schedule
def cosine(init_value: Hyperparameter, decay_steps: Positive, alpha: Fraction = 0.0):
    r"""Fall along half a cosine, $a ((1 - \alpha) \frac{1 + \cos(\pi t / T)}{2} + \alpha)$ for $t < T$.

    `init_value` is $a$ at step 0; from step $T$ = `decay_steps` on it stays at the share `alpha` of it, in [0, 1].
    Source: Loshchilov & Hutter (2017), equation 5.
    """
    return lambda step: init_value * ((1 - alpha) * half_cosine(progress(step, decay_steps)) + alpha)


@schedule
def exponential(
    init_value: Hyperparameter,
    transition_steps: Positive,
    decay_rate: NonNegative,
    end_value: Hyperparameter | None = None,
    staircase: bool = False,
):
    r"""Multiply by the same factor over and over, $a\, r^{t / T}$.

    `decay_rate` is $r$ in [0, inf) for every $T$ = `transition_steps`; `staircase` does so only at whole multiples of
    $T$. `end_value` is a floor if $r < 1$, a ceiling if $r > 1$.
    """

    def at(step):
        exponent = step / transition_steps
        value = init_value * decay_rate ** (jnp.floor(exponent) if staircase else exponent)
        if end_value is None:
            return value
        return jnp.where(decay_rate < 1, jnp.maximum(value, end_value), jnp.minimum(value, end_value))

    return at


@schedule
def inverse_time(init_value: Hyperparameter, transition_steps: Positive = 1.0, decay_rate: NonNegative = 1.0):
    r"""Fall as one over the time, $a / (1 + r t / T)$. Source: Robbins & Monro (1951)."""
    return lambda step: init_value / (1 + decay_rate * step / transition_steps)


@schedule
def inverse_square_root(init_value: Hyperparameter, timescale: Positive = 1.0):
    r"""Fall as one over the root of the time, $a / \sqrt{1 + t / T}$ with $T$ = `timescale` in steps."""
    return lambda step: init_value / jnp.sqrt(1 + step / timescale)


@schedule
def polynomial(init_value: Hyperparameter, end_value: Hyperparameter, power: Positive, transition_steps: Positive):
    r"""Fall along a power of the remaining time, $b + (a - b) (1 - \min(t / T, 1))^p$."""

    def at(step):
        left = 1 - progress(step, transition_steps)
        share = jnp.where(left > 0, jnp.where(left > 0, left, 1.0) ** power, 0.0)  # 0^p has no slope for p < 1
        return end_value + (init_value - end_value) * share

    return at


def progress(step, steps):
    """The share of the steps that is done, in [0, 1]."""
    return jnp.clip(step / steps, 0, 1)


def half_cosine(share):
    """From 1 to 0 along half a cosine, as the share goes from 0 to 1."""
    return (1 + jnp.cos(jnp.pi * share)) / 2
