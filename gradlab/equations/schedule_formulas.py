"""Schedules as formulas of the number of the update, which counts from 1 in equations."""

from __future__ import annotations

from typing import Any

from ..schedules.base import Schedule, combined, shift
from ..schedules.bounds import lower_bound, upper_bound
from ..schedules.memory import power_law
from .hyperparameter_values import show_value

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}  # the stronger first


def write_schedule(value: Any) -> str:
    """Return a hyperparameter in LaTeX if it is a schedule whose formula is short, or an empty text."""
    return _write(value, -1)[0] if isinstance(value, Schedule) else ""


def _write(value: Any, offset: int) -> tuple[str, int]:
    """Return a number or a schedule at step $t$ + `offset` in LaTeX, and how strongly its last operation binds.

    The text is empty if the value has no short formula.
    """
    if isinstance(value, (int, float)):
        return show_value(value), 4
    factory = value.factory if isinstance(value, Schedule) else None
    if factory is shift.factory and isinstance(value.offset, int):  # type: ignore[attr-defined]
        return _write(value.inner, offset + value.offset) if offset + value.offset <= 0 else ("", 0)
    if factory is power_law.factory:  # type: ignore[attr-defined]
        step = "t" if offset == 0 else f"(t - {-offset})"
        power = f"{step}^{{{show_value(value.exponent)}}}"
        return (power, 3) if value.factor == 1 else (f"{show_value(value.factor)} \\, {power}", 2)
    if factory is combined.factory:  # type: ignore[attr-defined]
        return _write_operation(value, offset)
    if offset == -1 and factory in (lower_bound.factory, upper_bound.factory):  # type: ignore[attr-defined]
        speed = f"{show_value(value.gamma)} t"
        final, _ = _write(value.final_value, offset)
        change = f"- 1 / ({speed} + 1)" if factory is lower_bound.factory else f"+ 1 / ({speed})"  # type: ignore[attr-defined]
        return (f"{final} (1 {change})", 2) if final else ("", 0)
    return "", 0


def _write_operation(value: Any, offset: int) -> tuple[str, int]:
    """Return two joined schedules in LaTeX."""
    own = _BINDS[value.operation]
    (left, first), (right, second) = (_write(side, offset) for side in (value.left, value.right))
    if not left or not right or value.operation == "**":
        return "", 0
    left = left if first >= own else f"({left})"
    right = right if second > own else f"({right})"
    sign = "\\cdot" if value.operation == "*" else value.operation
    return f"{left} {sign} {right}", own
