"""Pieces of Markdown, as MyST reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows)]


def code_block(language: str, lines: Iterable[str]) -> list[str]:
    return [f"```{language}", *lines, "```", ""]


def rst(lines: Iterable[str]) -> list[str]:
    return ["```{eval-rst}", *lines, "```", ""]


def slug(title: str) -> str:
    """Return the anchor of a heading, as MyST makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
