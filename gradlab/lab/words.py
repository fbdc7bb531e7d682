"""Numbers with their nouns."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """So many of something: `1 run`, `2,080 runs`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
