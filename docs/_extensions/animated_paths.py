"""The animated picture of the start page: optimizers on their way down a ravine, each at its best learning rate.

`python docs/_extensions/animated_paths.py` runs the race and writes `docs/_static/ravine.svg`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

CONTESTANTS = {"sgd": "#e0812b", "sgd_momentum": "#2f9e6e", "rmsprop": "#a855f7", "adam": "#3b82f6"}
SECONDS = 9.0
MOVING = 0.8  # share of the time in which the points move; then they rest
FRAMES = 120  # at most, of a path
LEGEND = 96  # units below the window, which is 1000 wide
COLUMNS = 2  # of the legend
STYLE = (
    "svg{color:#7d8590}"  # which can be read on light and on dark pages
    "text{fill:currentColor;font:28px system-ui,sans-serif}"
    ".contour{fill:none;stroke:currentColor;stroke-opacity:.75;stroke-width:1.8}"
    ".path{fill:none;stroke-width:3.5;stroke-linejoin:round}"
    ".still{display:none}@media (prefers-reduced-motion:reduce){.still{display:inline}.moving{display:none}}"
)


def draw_animation(data: Mapping[str, Any], colors: Mapping[str, str], title: str) -> str:
    """Return an SVG file in which each optimizer moves along its path, all at the same update at the same time.

    `data` is what `path_data` of the report returns. A viewer without animations, or one that asks for less motion,
    shows whole paths.
    """
    height = data["height"]
    inside = [f'<path class="contour" d="{line}"/>' for line in data["contours"]]
    below = []
    if data["optimum"]:
        x, y = data["optimum"]
        inside.append(f'<path d="M{x - 9} {y}h18M{x} {y - 9}v18" stroke="currentColor" stroke-width="3"/>')
    for number, (name, color) in enumerate(colors.items()):
        line = data["lines"][name]
        inside += _draw_path(np.reshape(line["points"], (-1, 2)).astype(float), data["steps"], color)
        label = html.escape(f"{name}, rate {line['rate']:.2g}")
        across, down = 1000 / COLUMNS * (number % COLUMNS), height + 40 * (number // COLUMNS)
        below.append(f'<circle cx="{across + 16:.0f}" cy="{down + 31}" r="11" fill="{color}"/>')
        below.append(f'<text x="{across + 38:.0f}" y="{down + 41}">{label}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 1000 {height + LEGEND}">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
        f'<clipPath id="window"><rect width="1000" height="{height}"/></clipPath>'
        f'<g clip-path="url(#window)">{"".join(inside)}</g>{"".join(below)}'
        f'<rect width="1000" height="{height}" fill="none" stroke="currentColor" stroke-opacity=".7"/></svg>\n'
    )


def _draw_path(points: np.ndarray, steps: int, color: str) -> Iterator[str]:
    """Yield a path and the point at its end: once as they stand, and once as they move."""
    kept = np.unique(np.linspace(0, len(points) - 1, min(FRAMES, len(points))).round().astype(int))
    points = points[kept]
    lengths = np.append(0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    times = np.append(kept / (steps - 1) * MOVING, 1.0)
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    x, y = points[-1]
    end = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="9" fill="{color}"'
    yield f'<g class="still"><polyline class="path" points="{line}" stroke="{color}"/>{end}/></g>'
    yield (
        f'<g class="moving"><polyline class="path" points="{line}" stroke="{color}" '
        f'stroke-dasharray="{lengths[-1] + 1:.0f}">'
        f"{_animate('stroke-dashoffset', lengths[-1] - lengths, times)}</polyline>"
        f"{end}>{_animate('cx', points[:, 0], times)}{_animate('cy', points[:, 1], times)}</circle></g>"
    )


def _animate(attribute: str, values: np.ndarray, times: np.ndarray) -> str:
    """Return the animation of an attribute over and over; at the end it keeps its last value for a while."""
    shown = ";".join(f"{value:.0f}" for value in np.append(values, values[-1]))
    keys = ";".join(f"{time:.3g}" for time in times)
    return (
        f'<animate attributeName="{attribute}" dur="{SECONDS}s" repeatCount="indefinite" values="{shown}" '
        f'keyTimes="{keys}"/>'
    )


def race() -> str:
    """Race the contestants on the ravine, and return the animation."""
    from gradlab import lab
    from gradlab.lab._report.landscape_data import path_data
    from gradlab.lab._report.problem_findings import compute_findings

    results = lab.race("ravine", list(CONTESTANTS), rates=13, seeds=10)
    (finding,) = compute_findings({"ravine": results["ravine"].to_dataset()})
    data = path_data(finding)
    assert data is not None
    return draw_animation(data, CONTESTANTS, "Four optimizers on a ravine, each at its best learning rate")


if __name__ == "__main__":
    path = Path(__file__).parents[1] / "_static" / "ravine.svg"
    path.write_text(race(), encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")
