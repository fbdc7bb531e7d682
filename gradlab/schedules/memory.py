"""Schedules of what an optimizer remembers and allows: a decay with a growing half-life, a limit that grows."""

from __future__ import annotations

import jax.numpy as jnp

from ..arithmetic.safe_arithmetic import power as power_of
from ..values.numeric_arguments import Decay, NonNegative, Positive, Steps
from .base import schedule
from .decay import line
from .step_arithmetic import START, measure_progress, split


@schedule(step="exact")
def half_life(init_value: Decay, end_value: Decay, transition_steps: Steps):
    r"""Change a decay so that its half-life goes in a straight line, $1 / \ln \beta_t = (1 - s) / \ln a + s / \ln b$.

    $s = \min(t / T, 1)$. `init_value` is $a$ in [0, 1), the value at step 0, and `end_value` is $b$ in [0, 1), the
    value from step $T$ = `transition_steps` on. A straight line between decays would lengthen the memory at the very
    end only. Source: Pagliardini et al. (2024), section 3.1.

    >>> decay = gl.schedules.half_life(0.5, 0.99, transition_steps=10)
    >>> [round(float(decay(step)), 3) for step in (0, 5, 10)]  # halfway, 0.98 remembers half as long as 0.99
    [0.5, 0.98, 0.99]
    """

    def at(step):
        early, nearer = measure_progress(step, START, split(transition_steps))
        lives = line(_inverse_logarithm(init_value), _inverse_logarithm(end_value), early, nearer)
        between = jnp.where(lives < 0, jnp.exp(1 / jnp.where(lives < 0, lives, -1.0)), 0.0)
        return jnp.where(nearer > 0, between, jnp.where(early, init_value, end_value))

    return at


@schedule
def power_law(factor: NonNegative = 1.0, exponent: Positive = 1.0):
    r"""Grow as a power of the step, $c\, t^p$, from 0 at step 0.

    `factor` is $c$ in [0, inf), the value at step 1, and `exponent` is $p$ in (0, inf).

    >>> count = gl.schedules.power_law(0.5, exponent=2.0)
    >>> [float(count(step)) for step in (0, 1, 10)]
    [0.0, 0.5, 50.0]
    """
    return lambda step: factor * power_of(step, exponent)


def _inverse_logarithm(decay):
    """Return the inverse of the logarithm, which is 0 for a decay of 0."""
    return jnp.where(decay > 0, 1 / jnp.log(jnp.where(decay > 0, decay, 0.5)), 0.0)
