"""The finite numbers that several laws require before they compare: NaN equals NaN, and exceeds no limit."""

from __future__ import annotations

from typing import Any

from ..subjects.gaps import describe_nonfinite
from ..verdicts.law import Broken

_MEANING = (
    "It divides by zero, or takes the root of a negative number. At the first update, a bias correction often does so "
    "that counts from 0: 1 - decay**t is 0 at t = 0. Count the step first: t = state.count + 1."
)


def require_finite(updates: Any, what: str) -> None:
    """Raise `Broken`, which names the usual cause, if an update holds NaN or infinity. `what` says which update."""
    if place := describe_nonfinite(updates):
        raise Broken(f"{what} is {place}", _MEANING)
