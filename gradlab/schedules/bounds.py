"""Bounds that close in on a final value, as AdaBound's do."""

from __future__ import annotations

from ..hyperparameters import NonNegative, Positive
from .base import schedule


@schedule
def lower_bound(final_value: NonNegative, gamma: Positive = 1e-3):
    r"""Rise from 0 towards a final value, $f (1 - 1 / (\gamma t + 1))$ with $t$ = step + 1.

    Source: Luo et al. (2019).
    """
    return lambda step: final_value * (1 - 1 / (gamma * (step + 1) + 1))


@schedule
def upper_bound(final_value: NonNegative, gamma: Positive = 1e-3):
    r"""Fall from infinity towards a final value, $f (1 + 1 / (\gamma t))$ with $t$ = step + 1.

    Source: Luo et al. (2019).
    """
    return lambda step: final_value * (1 + 1 / (gamma * (step + 1)))
