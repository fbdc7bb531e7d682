"""Lengths as they are written in journals and in LaTeX."""

from __future__ import annotations

import re

_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27, "bp": 1 / 72}  # pt is the point of LaTeX
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[+-]?\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)
SHORTEST, LONGEST = 1.0, 30.0  # inches


def to_inches(text: str) -> float:
    """Return the inches of a length with its unit, such as `3.25in`, `84mm`, `8.4cm` or `240pt`.

    Raises ValueError for another text, and for a length that no figure of a paper has.
    """
    match = _LENGTH.fullmatch(text)
    unit = match[2].lower() if match else ""
    if match is None or unit not in _INCHES:
        raise ValueError(
            f"a length is a number with one of the units {', '.join(_INCHES)}, such as 3.25in; got {text!r}"
        )
    try:
        inches = round(float(match[1]) * _INCHES[unit], 6)  # 2.54cm is not less than an inch
    except ValueError:
        raise ValueError(f"a length begins with a number, such as 3.25in; got {text!r}") from None
    if not SHORTEST <= inches <= LONGEST:
        raise ValueError(f"a figure is {SHORTEST:g}in to {LONGEST:g}in wide and high, got {text!r}")
    return inches
