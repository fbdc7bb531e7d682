"""Scores as text for the terminal."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...lab._formatting import format_factor, format_with_spread
from ...lab._results.score_scale import read_scale
from ...lab.analysis.leaderboard import TINY


def format_score_with_spread(score: float, spread: float, attributes: Mapping[str, Any]) -> str:
    """Return a score with its spread, without the digits that the spread leaves uncertain.

    An accuracy is written as `97.5 ± 0.4 %`, a score that falls over decades as `1.2e-09 ×÷ 2.30`, and any other as
    `3.78 ± 0.04`.
    """
    if math.isnan(score):
        return "diverged"
    has_spread = not math.isnan(spread)
    if attributes["logarithmic"]:
        if score < 2 * TINY:
            return "0"
        factor = format_factor(spread) if has_spread else ""
        return f"{score:.1e}" + (f" ×÷ {factor}" if factor else " (all alike)" * has_spread)
    if read_scale(attributes) == "share":
        if not has_spread:
            return f"{100 * score:.1f} %"
        value, around = format_with_spread(100 * score, 100 * spread, 1) if spread else (f"{100 * score:.1f}", "0")
        return f"{value} ± {around} %"
    return " ± ".join(format_with_spread(score, spread)) if has_spread else f"{score:.3g}"
