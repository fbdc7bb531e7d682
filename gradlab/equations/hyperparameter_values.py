"""Questions about the values of hyperparameters, which may be numbers, arrays, schedules or tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..schedules.base import shift_ahead
from ..values.value import Value, is_number, show_argument


def is_zero(value: Any) -> bool:
    """Return whether a hyperparameter is the Python number 0, and not an array, a tracer or a schedule."""
    return isinstance(value, (int, float)) and value == 0


def is_ahead(later: Any, now: Any) -> bool:
    """Return whether one hyperparameter is another one a step later."""
    return is_same(later, shift_ahead(now))


def is_same(one: Any, other: Any) -> bool:
    """Return whether two hyperparameters are the same number, schedule or concrete array."""
    if one is other:
        return True
    if isinstance(one, (float, int, Value)) and isinstance(other, (float, int, Value)):
        return bool(one == other)
    concrete = all(isinstance(value, (np.ndarray, np.generic)) for value in (one, other))
    return concrete and np.array_equal(one, other)


def show_value(value: Any) -> str:
    """Return a hyperparameter as text, a number with no more digits than it needs."""
    if isinstance(value, (int, float)) and is_number(value):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return show_argument(value)
