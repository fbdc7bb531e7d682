"""Numbers and lists as text for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def format_count(count: int, noun: str) -> str:
    """Format a number of things: `1 run`, `2,080 runs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def format_float(value: float) -> str:
    """Format a float as the shortest text that reads back as the same float: `0.1`, `1`, `1e-08`, `0.9999999`."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def format_distinct(values: Sequence[float], digits: int = 3) -> list[str]:
    """Format numbers with `digits` significant digits, or with more if different numbers would look alike."""
    for count in range(digits, 17):
        texts = [f"{value:.{count}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            return texts
    return [format_float(value) for value in values]


def join_at_most(items: Sequence[str], most: int = 10) -> str:
    """Join the first `most` items, and say how many more there are: `a, b, c and 7 more`."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def describe_seeds(seeds: Sequence[int], most: int = 10) -> str:
    """Format seeds as a phrase: `seed 3`, `seeds 0 to 4`, `seeds 0, 2, 5`, with at most `most` of the last kind."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {join_at_most([str(seed) for seed in seeds], most)}"


def format_with_spread(value: float, spread: float, least: int = 0) -> tuple[str, str]:
    """Format a value and its spread with the decimals that the spread makes meaningful, such as `3.80` and `0.03`.

    There are at least `least` decimals.
    """
    if spread == 0:
        return f"{value:.3g}", "0"
    decimals = -math.floor(math.log10(float(f"{spread:.0e}")))
    if decimals > 9 or max(abs(value), spread) >= 1e6:
        return f"{value:.2e}", f"{spread:.0e}"
    decimals = max(decimals, least)
    return f"{value:.{decimals}f}", f"{spread:.{decimals}f}"


def format_factor(spread: float) -> str:
    """Format a spread in decades as a factor that differs visibly from 1: `2.61`, `1.002`; "" within rounding."""
    excess = 10.0**spread - 1
    if excess < 1e-6:  # scores are computed in float32
        return ""
    if excess >= 0.995:
        return f"{1 + excess:#.3g}".rstrip(".") if excess < 999 else f"{1 + excess:.1e}"
    return f"{1 + excess:.{max(2, -math.floor(math.log10(float(f'{excess:.0e}'))))}f}"


def format_p_value(p: float, nothing: str = "-") -> str:
    """Format a p-value as `0.023` or `<0.0001`, and NaN as `nothing`."""
    return nothing if math.isnan(p) else "<0.0001" if p < 1e-4 else f"{p:.2g}"


def join_names(names: Iterable[str], most: int = 6) -> str:
    """Join names as a phrase of at most `most` parts: `a`, `a and b`, `a, b and 3 more`."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
