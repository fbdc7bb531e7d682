"""Numbers that are too long to be read, such as quotients, within a text."""

from __future__ import annotations

import math
import re


def shorten_numbers(text: str, decimals: int = 6) -> str:
    """Return a text in which each number of so many decimals or more has six digits, such as 0.909091.

    Only numbers with a point are shortened. A power of two, or of its root, that has more digits is written as 2**-12.
    """
    return re.sub(rf"\b\d+\.\d{{{decimals},}}(e[-+]?\d+)?", lambda number: _shorten(float(number[0])), text)


def _shorten(number: float) -> str:
    short = f"{number:.6g}"
    if number <= 0 or float(short) == number:
        return short
    exponent = round(2 * math.log2(number)) / 2
    return f"2**{exponent:g}" if 2.0**exponent == number else short
