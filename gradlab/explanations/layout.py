"""The layout of a diagram: what is in the head of each box, and how large boxes and rows of them are, in pixels."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Sequence

from .boxes import Box, Branch, Kept

CHARACTER = 7.3  # the width of one at the size of the text
LINE, GAP, PADDING, RAIL, INDENT = 17, 22, 10, 26, 14
WIDEST = 840  # of the branches of a combinator side by side; more go into the next row
LONGEST = 44  # characters in a line of arguments


def find_split(boxes: Sequence[Box]) -> int:
    """Return the position of the first link that turns the gradient into a direction, or the number of links."""
    return next((number for number, box in enumerate(boxes) if box.splits), len(boxes))


def find_readers(boxes: Sequence[Box], signal: str = "") -> list[int]:
    """Return the positions of the links that read the gradient where it is another signal than the direction.

    Where they read a `signal` as their gradient, that is so from the first link on.
    """
    first = 0 if signal else find_split(boxes) + 1
    return [number for number, box in enumerate(boxes) if number >= first and "grads" in box.reads]


def list_lines(box: Box) -> list[tuple[str, str]]:
    """Return the lines of text in the head of a box, each with its class in the style."""
    signals = sorted(box.reads - {"grads"}) if not box.branches else []
    lines = [(box.name, "gl-name")]
    lines += [(line, "") for line in textwrap.wrap(", ".join(box.arguments), LONGEST)]
    return lines + [(f"reads {', '.join(signals)}", "gl-pale")] * bool(signals)


@functools.lru_cache(maxsize=1024)
def measure(boxes: tuple[Box, ...], signal: str = "") -> tuple[float, float]:
    """Return the width and the height of links one below another, which may read a signal as their gradient."""
    if not boxes:
        return 90.0, float(LINE)
    sizes = [measure_box(box) for box in boxes]
    rail = RAIL if find_readers(boxes, signal) else 0
    return rail + max(width for width, _ in sizes), sum(height for _, height in sizes) + GAP * (len(boxes) - 1)


def measure_box(box: Box) -> tuple[float, float]:
    """Return the width and the height of a link, or of a combinator with all that it holds."""
    lines = list_lines(box)
    width = max(len(text) for text, _ in lines) * CHARACTER + 2 * PADDING + (8 if box.name else 0)
    height = LINE * len(lines) + PADDING + 4.0
    for row in arrange_fields(box.kept):
        width = max(width, sum(map(measure_field, row)) + 2 * PADDING)
        height += LINE
    for branches in arrange_branches(box.branches):
        sizes = [measure_branch(branch) for branch in branches]
        width = max(width, sum(size[0] for size in sizes) + INDENT * (len(sizes) + 1))
        height += max(size[1] for size in sizes) + 6
    return width, height


def measure_branch(branch: Branch) -> tuple[float, float]:
    """Return the width and the height of what a combinator holds under one name, with that name."""
    width, height = measure(branch.boxes, branch.signal)
    rail = RAIL if branch.signal else 0  # which passes the name
    return max(width, rail + len(branch.label) * CHARACTER), height + label_height(branch) + GAP + 8


def label_height(branch: Branch) -> float:
    """Return the height of the line with the name of a branch, if it has one."""
    return LINE if branch.label else 0.0


def arrange_branches(branches: Sequence[Branch]) -> list[list[Branch]]:
    """Return branches in rows that are not too wide. One that reads a signal is below the branch that makes it."""
    rows: list[list[Branch]] = []
    taken = 0.0
    for branch in branches:
        width = measure_branch(branch)[0] + INDENT
        if not rows or branch.signal or taken + width > WIDEST:
            rows.append([])
            taken = 0.0
        rows[-1].append(branch)
        taken += width
    return rows


def arrange_fields(kept: Sequence[Kept]) -> list[list[Kept]]:
    """Return the fields of a state in lines that are not too long."""
    rows: list[list[Kept]] = []
    for field in kept:
        if not rows or sum(map(measure_field, [*rows[-1], field])) > LONGEST * CHARACTER:
            rows.append([])
        rows[-1].append(field)
    return rows


def measure_field(field: Kept) -> float:
    """Return the width of a field of the state, with its sign."""
    return 16 + len(field.name) * CHARACTER + 10
