"""Bars as an element of a page: a row for each thing, in which each quantity has a bar with its number."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

from .colors import COLORS, draw_legend

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 640, 235, 70, 8, 44
THICK, GAP = 22, 14
ABOVE, MOST_LEFT = 24, 340
LETTER = 13  # as wide as one is on a phone, where letters are largest


@dataclass(frozen=True)
class Bars:
    """Numbers above 0 by quantity and thing, and the name of the axis. A single quantity needs no legend."""

    values: Mapping[str, Mapping[str, float]]
    across: str


def write_bars(bars: Bars) -> str:
    """Return bars as HTML."""
    things = list(next(iter(bars.values.values())))
    most = max(max(row.values()) for row in bars.values.values())
    left = max(LEFT, LETTER * max(map(len, things)) + 8)  # so that no name is cut
    above = ABOVE * (left > MOST_LEFT)  # the room of a name over its bars, where names would leave these none beside
    left = 8 if above else left
    numbers = [f"{number:g}" for row in bars.values.values() for number in row.values()]
    digits = max(len(number.partition(".")[2]) for number in numbers)  # as many behind each point
    longest = max(len(f"{number:.{digits}f}") for row in bars.values.values() for number in row.values())
    right = max(RIGHT, LETTER * longest + 6)  # so that no number is cut
    middle = min((left + WIDTH - right) / 2, WIDTH - LETTER * len(bars.across) / 2)
    each = THICK * len(bars.values) + above
    height = (each + GAP) * len(things) + GAP
    parts = []
    for row, thing in enumerate(things):
        y = TOP + GAP + row * (each + GAP)
        place = f'"at" x="{left}" y="{y + 17}"' if above else f'"up" x="{left - 8}" y="{y + each / 2 + 6:.1f}"'
        parts.append(f"<text class={place}>{html.escape(thing)}</text>")
        y += above
        for color, values in zip(COLORS, bars.values.values(), strict=False):
            number = f"{values[thing]:.{digits}f}"
            width = values[thing] / most * (WIDTH - left - right)
            parts.append(f'<rect fill="{color}" x="{left}" y="{y}" width="{width:.1f}" height="{THICK - 2}"/>')
            parts.append(f'<text class="at" x="{left + width + 6:.1f}" y="{y + THICK / 2 + 5:.1f}">{number}</text>')
            y += THICK
    title = html.escape(f"{bars.across}: {', '.join(things)}")
    legend = draw_legend(list(bars.values)) if len(bars.values) > 1 else ""
    return (
        f'<figure class="story chart"><svg role="img" viewBox="0 0 {WIDTH} {height + TOP + BOTTOM}">'
        f'<title>{title}</title>{"".join(parts)}<path class="frame" d="M{left} {TOP}v{height}"/>'
        f'<text x="{middle:.1f}" y="{height + TOP + 30}">{html.escape(bars.across)}</text></svg>'
        f"{legend}</figure>"
    )
