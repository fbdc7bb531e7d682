"""A chart as an element of a page: curves in a frame with numbers at its axes, and a legend below."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from stories.panels import AXIS_TITLE, BOTTOM, LEFT, RIGHT, TOP, Frame, draw_ticks

from .colors import COLORS, draw_legend

WIDTH, HEIGHT = 640, 260  # shown as large at most, so that letters are as large as those around it
MARGIN = 0.04  # of the range across, at both sides of dots


@dataclass(frozen=True)
class Chart:
    """Curves by their labels, each as points (count, 2), and the range of the vertical axis.

    A curve ends before the first point that is not finite. Dots stand where no line joins what they show. `by_powers`
    makes the axis across logarithmic, as `logarithmic` does with the vertical one.
    """

    curves: Mapping[str, np.ndarray]
    across: str
    up: str
    low: float
    high: float
    logarithmic: bool = False
    by_powers: bool = False
    dots: Mapping[str, np.ndarray] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)  # of the second coordinate of a dot, to both sides


def write_chart(chart: Chart, name: str) -> str:
    """Return a chart as HTML, with a name that no other one on its page has. There are colors for nine labels."""
    series = {label: _on_axis(points, chart) for label, points in {**chart.curves, **chart.dots}.items()}
    ends = [points[:, 0] for points in series.values()]
    across = (float(min(map(np.min, ends))), float(max(map(np.max, ends))))
    if not chart.curves:  # no dot stands on the frame
        margin = MARGIN * (across[1] - across[0])
        across = (across[0] - margin, across[1] + margin)
    frame = Frame(WIDTH - LEFT - RIGHT, HEIGHT, across, (chart.low, chart.high), chart.logarithmic)
    area = f'x="{LEFT}" y="{TOP}" width="{frame.width}" height="{frame.height}"'
    title = html.escape(f"{chart.up} against the {chart.across}: {', '.join(series)}")
    lines, dots = [], []
    for color, (label, points) in zip(COLORS, series.items(), strict=False):
        placed = frame.place(points)
        if label in chart.dots:
            if error := chart.errors.get(label):
                lowest, highest = (frame.place(points + np.array([0, end])) for end in (-error, error))
                for (x, lower), (_, upper) in zip(lowest, highest, strict=True):
                    dots.append(f'<path class="error" stroke="{color}" d="M{x:.1f} {lower:.1f}V{upper:.1f}"/>')
            dots += [f'<circle fill="{color}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>' for x, y in placed]
        else:
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            lines.append(f'<polyline class="path" stroke="{color}" points="{corners}"/>')
    return (
        f'<figure class="story chart"><svg role="img" viewBox="0 0 {WIDTH} {HEIGHT + TOP + BOTTOM}">'
        f"<title>{title}</title>"
        f'<clipPath id="chart-{name}"><rect {area}/></clipPath>{"".join(draw_ticks(frame, chart.by_powers))}'
        f'<g clip-path="url(#chart-{name})">{"".join(lines)}</g><rect class="frame" {area}/>{"".join(dots)}'
        f'<text x="{LEFT + frame.width / 2}" y="{HEIGHT + TOP + AXIS_TITLE}">{html.escape(chart.across)}</text>'
        f'<text transform="translate(18 {TOP + HEIGHT / 2}) rotate(-90)">{html.escape(chart.up)}</text></svg>'
        f"{draw_legend(list(series))}</figure>"
    )


def _on_axis(points: np.ndarray, chart: Chart) -> np.ndarray:
    """Return points (count, 2), with exponents of 10 as first coordinates if the axis has these."""
    return np.stack([np.log10(points[:, 0]), points[:, 1]], 1) if chart.by_powers else points


def count_from(first: int, values: npt.ArrayLike) -> np.ndarray:
    """Return points (count, 2) whose first coordinates count from `first`."""
    return np.stack([first + np.arange(np.size(values)), np.asarray(values, float)], 1)
