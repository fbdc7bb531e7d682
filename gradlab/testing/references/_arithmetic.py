"""Types and arithmetic that the references share: a division that allows 0 / 0, |g|^2, and Adam's moments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.inexact[Any]]  # float64 or complex128
State: TypeAlias = Mapping[str, Any]  # empty before the first step, never mutated
Step: TypeAlias = tuple[Array, State]  # the change to add to x, and the new state


def divide(numerator: Array | float, denominator: Array, by_zero: float = 0.0) -> Array:
    """Return numerator / denominator, and `by_zero` where the denominator is zero."""
    is_zero = denominator == 0
    return np.where(is_zero, by_zero, numerator / np.where(is_zero, 1.0, denominator))


def square(g: Array) -> Array:
    """Return |g|^2, which is real for a complex g."""
    return np.real(g * np.conj(g))


def moments(g: Array, state: State, b1: float, b2: float) -> tuple[Array, Array]:
    """Return m = b1 m + (1-b1) g and v = b2 v + (1-b2) |g|^2 (Kingma & Ba, 2015, Algorithm 1)."""
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    v = b2 * state.get("v", 0.0) + (1 - b2) * square(g)
    return m, v
