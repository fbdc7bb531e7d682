"""Bounds that approach a final value, as those of AdaBound do."""

from __future__ import annotations

import jax.numpy as jnp

from ..values.numeric_arguments import NonNegative, Positive
from .base import as_schedule, schedule
from .step_arithmetic import Count, quotient


@schedule
def lower_bound(final_value: NonNegative, gamma: Positive = 1e-3):
    r"""Rise towards a final value from below, $f (1 - 1 / (\gamma t + 1))$ with $t$ = step + 1.

    `final_value` is $f$ in [0, inf), and `gamma` is $\gamma$ in (0, inf), the speed for each step.

    Source: Luo et al. (2019).

    >>> bound = gl.schedules.lower_bound(0.1, gamma=1.0)
    >>> [round(float(bound(step)), 3) for step in (0, 1, 8)]
    [0.05, 0.067, 0.09]
    """

    def at(step):
        closed = gamma * (step + 1)
        return final_value * (closed / (closed + 1))  # the same value without cancellation

    return at


@schedule
def upper_bound(final_value: NonNegative, gamma: Positive = 1e-3):
    r"""Fall towards a final value from above, $f (1 + 1 / (\gamma t))$ with $t$ = step + 1.

    `final_value` is $f$ in [0, inf), and `gamma` is $\gamma$ in (0, inf), the speed for each step.

    Source: Luo et al. (2019).

    >>> bound = gl.schedules.upper_bound(0.1, gamma=1.0)
    >>> [round(float(bound(step)), 3) for step in (0, 1, 9)]
    [0.2, 0.15, 0.11]
    """
    return lambda step: final_value * (1 + quotient(1.0, gamma * (step + 1)))


@schedule(step="exact")
def relative(inner):
    """Take another schedule as a share of its value at step 0. If that is 0, as in a warm-up, the result is 1.

    >>> falling = gl.schedules.relative(gl.schedules.linear(0.5, 0.0, 10))
    >>> [round(float(falling(step)), 3) for step in (0, 5, 10)]
    [1.0, 0.5, 0.0]
    """

    def at(step):
        first = as_schedule(inner)(Count(jnp.zeros_like(step.whole)))
        started = jnp.not_equal(first, 0)
        return jnp.where(started, as_schedule(inner)(step) / jnp.where(started, first, 1.0), 1.0)

    return at
