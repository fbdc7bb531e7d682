"""How the score of a recipe depends on its learning rate, as an element of a page: a chart with two curves."""

from __future__ import annotations

import html
from collections.abc import Iterator

import numpy as np

from .baseline_results import Curves

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 380, 84, 28, 14, 58
APART = 2.0  # units of the picture between two curves that can be told from each other


class Axes:
    """The frame of a chart with logarithmic axes. A few of the largest scores are above it."""

    def __init__(self, curves: Curves):
        values = np.concatenate(list(curves.scores.values()))
        values = np.maximum(values[np.isfinite(values)], 1e-14)
        self.across = np.log10(curves.rates[[0, -1]])
        self.up = np.array([np.floor(np.log10(values.min())), np.ceil(np.log10(np.quantile(values, 0.95)))])

    def place(self, rate: float | np.ndarray, score: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where a rate and a score are, in units of the picture."""
        x = (np.log10(rate) - self.across[0]) / np.ptp(self.across)
        y = (np.log10(np.maximum(score, 1e-14)) - self.up[0]) / np.ptp(self.up)
        return LEFT + x * (WIDTH - LEFT - RIGHT), TOP + (1 - y) * (HEIGHT - TOP - BOTTOM)


def draw_chart(curves: Curves, name: str, other: str, best_rate: float, key: str) -> str:
    """Return the curve of an optimizer over that of another one, which is gray, as SVG.

    No other chart of the page has the same `key`.
    """
    axes = Axes(curves)
    area = f'x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    lines = [f'<path class="other" d="{_draw_line(axes, curves, other)}"/>']
    lines.append(f'<path class="path" d="{_draw_line(axes, curves, name)}"/>')
    at, dot = np.flatnonzero(curves.rates == best_rate), ""  # the dot is not clipped: it may stand on the frame
    if at.size:
        x, y = axes.place(best_rate, curves.scores[name][at[0]])
        dot = f'<circle class="end" cx="{x:.1f}" cy="{y:.1f}" r="7"/>'
    title = f"{curves.label} against the learning rate: {name}, and {other} in gray"
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>{html.escape(title)}</title>'
        f'<clipPath id="rates-{key}"><rect {area}/></clipPath><g clip-path="url(#rates-{key})">{"".join(lines)}</g>'
        f'<rect class="frame" {area}/>{dot}{"".join(_ticks(axes))}'
        f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 8}">learning rate</text>'
        f'<text transform="translate(18 {(HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)">{html.escape(curves.label)}</text>'
        "</svg>"
    )


def are_same(curves: Curves, name: str, other: str) -> bool:
    """Say whether the curves of two optimizers cannot be told from each other."""
    axes = Axes(curves)
    (_, own), (_, its) = (axes.place(curves.rates, curves.scores[each]) for each in (name, other))
    return bool(np.allclose(own, its, rtol=0, atol=APART, equal_nan=True))


def rises_above(curves: Curves, name: str) -> bool:
    """Say whether the curve of an optimizer leaves the frame at its upper edge."""
    _, y = Axes(curves).place(curves.rates, curves.scores[name])
    return bool((y < TOP - APART).any())


def _draw_line(axes: Axes, curves: Curves, name: str) -> str:
    """Return the curve as the data of an SVG path, with gaps where runs diverged, and dots at single rates."""
    parts, open_ = [], False
    for x, y, score in zip(*axes.place(curves.rates, curves.scores[name]), curves.scores[name]):
        alive = bool(np.isfinite(score))
        if alive:
            parts.append(f"{'L' if open_ else 'M'}{x:.1f} {y:.1f}" + ("" if open_ else "h.1"))
        open_ = alive
    return "".join(parts)


def _ticks(axes: Axes) -> Iterator[str]:
    """Yield the powers of ten at both axes, at most seven at each."""
    for power in np.arange(np.ceil(axes.across[0]), axes.across[1] + 1e-9):
        x, _ = axes.place(10.0**power, 1.0)
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 26}">{_write(power)}</text>'
    step = max(1, int(np.ceil(np.ptp(axes.up) / 6)))
    for power in np.arange(axes.up[0], axes.up[1] + 1e-9, step):
        _, y = axes.place(1.0, 10.0**power)
        yield f'<text class="up" x="{LEFT - 7}" y="{min(y + 6, HEIGHT - BOTTOM):.1f}">{_write(power)}</text>'


def _write(power: float) -> str:
    return f'10<tspan dy="-6" font-size="80%">{power:.0f}</tspan>'
