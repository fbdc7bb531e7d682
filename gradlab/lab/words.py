"""Numbers, and lists of things, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def counted(count: int, noun: str) -> str:
    """So many of something: `1 run`, `2,080 runs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def shortest(value: float) -> str:
    """The shortest text that reads back as the same float: `0.1`, `1`, `1e-08`, `0.9999999`."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def told_apart(values: Sequence[float], digits: int = 3) -> list[str]:
    """Numbers with so many digits, or as many more as it takes for different ones to look different."""
    for count in range(digits, 17):
        texts = [f"{value:.{count}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            return texts
    return [shortest(value) for value in values]


def listed(items: Sequence[str], most: int = 10) -> str:
    """At most so many items, and how many more there are: `a, b, c and 7 more`."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def phrase(names: Iterable[str], most: int = 6) -> str:
    """Names as a phrase: `a`, `a and b`, `a, b and 3 more`."""
    names = list(names)
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
