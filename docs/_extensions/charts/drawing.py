"""A chart as an element of a page: curves in a frame with numbers at its axes, and a legend below."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from stories.panels import BOTTOM, LEFT, RIGHT, TOP, Frame, draw_ticks

WIDTH, HEIGHT = 640, 260  # shown as large at most, so that letters are as large as those around it
COLORS = ("#3b82f6", "#e0702b", "#2f9e6e", "#a855f7")  # which can be seen on light and on dark pages


@dataclass(frozen=True)
class Chart:
    """Curves by their labels, each as points (count, 2), and the range of the vertical axis.

    A curve ends before the first point that is not finite.
    """

    curves: Mapping[str, np.ndarray]
    across: str
    up: str
    low: float
    high: float
    logarithmic: bool = False


def write_chart(chart: Chart, name: str) -> str:
    """Return a chart as HTML, with a name that no other one on its page has. There are colors for four curves."""
    ends = [points[:, 0] for points in chart.curves.values()]
    across = (float(min(map(np.min, ends))), float(max(map(np.max, ends))))
    frame = Frame(WIDTH - LEFT - RIGHT, HEIGHT, across, (chart.low, chart.high), chart.logarithmic)
    area = f'x="{LEFT}" y="{TOP}" width="{frame.width}" height="{frame.height}"'
    title = html.escape(f"{chart.up} against the {chart.across}: {', '.join(chart.curves)}")
    lines, legend = [], []
    for color, (label, points) in zip(COLORS, chart.curves.items(), strict=False):
        placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in frame.place(points))
        lines.append(f'<polyline class="path" stroke="{color}" points="{placed}"/>')
        swatch = f'<span class="swatch" style="background:{color}"></span>'
        legend.append(f"<li>{swatch} <code>{html.escape(label)}</code></li>")
    return (
        f'<figure class="story chart"><svg role="img" viewBox="0 0 {WIDTH} {HEIGHT + TOP + BOTTOM}">'
        f"<title>{title}</title>"
        f'<clipPath id="chart-{name}"><rect {area}/></clipPath>{"".join(draw_ticks(frame))}'
        f'<g clip-path="url(#chart-{name})">{"".join(lines)}</g><rect class="frame" {area}/>'
        f'<text x="{LEFT + frame.width / 2}" y="{HEIGHT + TOP + 43}">{html.escape(chart.across)}</text>'
        f'<text transform="translate(18 {TOP + HEIGHT / 2}) rotate(-90)">{html.escape(chart.up)}</text></svg>'
        f'<ul class="legend">{"".join(legend)}</ul></figure>'
    )
