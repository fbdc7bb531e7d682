"""Numbers as text for readers, and rounded for the data of the page."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._formatting import format_factor, format_with_spread
from .._results.score_scale import read_scale
from ..analysis.leaderboard import TINY

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def format_number(value: float, digits: int = 2, powers_from: int = 5) -> str:
    """Return a number with so many digits: `0.056`, `1.8×10⁻¹¹`, `∞`, and an en dash for NaN.

    Below 10^-4, and from 10**`powers_from` on, it has a power of ten.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < powers_from:
        text = f"{value:.{max(digits - 1 - exponent, 0)}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×10{str(int(power)).translate(_SUPERSCRIPT)}".replace("-", "−")


def format_score(value: float, attributes: Mapping[str, Any]) -> str:
    """Return a score as text: an accuracy in percent, or a loss, which is 0 if float32 cannot distinguish it from 0."""
    if math.isnan(value):
        return "diverged"
    if attributes["logarithmic"] and value < 2 * TINY:
        return "0"
    return f"{100 * value:.1f} %" if read_scale(attributes) == "share" else format_number(value)


def format_score_with_spread(value: float, spread: float, attributes: Mapping[str, Any]) -> str:
    """Return a score and its standard deviation over the seeds: `97.8 % ± 0.3`, `1.8×10⁻¹¹ ×÷ 2.6`."""
    text = format_score(value, attributes)
    if math.isnan(spread) or text in ("diverged", "0"):
        return text
    if attributes["logarithmic"]:
        factor = format_factor(spread)
        return f"{text} ×÷ {_typeset(factor)}" if factor else f"{text} (all alike)"
    if read_scale(attributes) == "share":
        shown, around = format_with_spread(100 * value, 100 * spread, 1) if spread else (f"{100 * value:.1f}", "0")
        return f"{shown} % ± {around}"
    return " ± ".join(map(_typeset, format_with_spread(value, spread)))


def _typeset(text: str) -> str:
    """Return a number that Python wrote as it is printed: `1.3×10⁴`, with a minus sign."""
    mantissa, _, power = text.partition("e")
    raised = f"×10{str(int(power)).translate(_SUPERSCRIPT)}" if power else ""
    return mantissa.replace("-", "−") + raised


def round_for_json(values: Any, digits: int = 4) -> Any:
    """Return an array as nested lists for JSON, with so many digits and None for numbers that are not finite."""
    array = np.asarray(values, float)
    if array.ndim:
        return [round_for_json(row, digits) for row in array]
    value = float(array)
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e6 else rounded


def typeset(text: str) -> str:
    """Return a text of a table as it is printed: with a minus sign before a number, and "-" as an en dash."""
    return "–" if text == "-" else f"−{text[1:]}" if text.startswith("-") else text
