"""Scores, and what they were taken over, in the terminal."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gradlab.lab.leaderboard import TINY
from gradlab.lab.scale import scale_of


def with_spread(score: float, spread: float, attributes: Mapping[str, Any]) -> str:
    """A score with its spread: an accuracy as `97.5 ± 0.4 %`, one that falls over decades as `1.2e-09 ×÷ 2.30`, and any
    other as `3.78 ± 0.04`."""
    if math.isnan(score):
        return "diverged"
    has_spread = not math.isnan(spread)
    if attributes["logarithmic"]:
        if score < 2 * TINY:
            return "0"
        return f"{score:.1e}" + (f" ×÷ {_factor(10**spread)}" if has_spread else "")
    if scale_of(attributes) == "share":
        return f"{100 * score:.1f}" + (f" ± {100 * spread:.1f}" if has_spread else "") + " %"
    return f"{score:.3g}" + (f" ± {spread:.1g}" if has_spread else "")


def _factor(factor: float) -> str:
    return f"{factor:.2f}" if factor < 1000 else f"{factor:.1e}"
