"""The path of a recipe on a landscape as an element of a page, over the contours that all pages share."""

from __future__ import annotations

import html
from typing import Any


def draw_panel(picture: dict[str, Any], line: dict[str, Any], landscape: str, static: str, label: str) -> str:
    """Return the path over the contours as SVG. `static` is the way from the page to the folder of the contours."""
    height = picture["height"]
    start, end = (point.split(",") for point in (line["points"].split(" ")[0], line["points"].split(" ")[-1]))
    inside = [f'<image href="{static}{landscape}.svg" width="1000" height="{height}"/>']
    if picture["optimum"]:
        x, y = picture["optimum"]
        inside.append(f'<path class="optimum" d="M{x - 16} {y}h32M{x} {y - 16}v32"/>')
    inside.append(f'<polyline class="path" points="{line["points"]}"/>')
    inside.append(f'<circle class="start" cx="{start[0]}" cy="{start[1]}" r="14"/>')
    inside.append(f'<circle class="end" cx="{end[0]}" cy="{end[1]}" r="14"/>')
    return (
        f'<svg class="landscape" role="img" viewBox="0 0 1000 {height}"><title>{html.escape(label)}</title>'
        f'{"".join(inside)}<rect class="frame" width="1000" height="{height}"/></svg>'
    )
