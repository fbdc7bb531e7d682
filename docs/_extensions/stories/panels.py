"""The panels of a story as SVG: a frame with axes, contours, and the paths, which the page's script moves."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass

import contourpy
import jax
import jax.numpy as jnp
import numpy as np

from .five_stories import Curve, Map, Story
from .traces import measure

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 520, 84, 22, 12, 50
CURVE_HEIGHT = 300
COUNT = 160  # points of the grid of the contours, each way
REACH = 3.0  # a path is followed for so many frames beyond the frame


@dataclass(frozen=True)
class Frame:
    """The area of a panel, and the numbers at its edges; `logarithmic` is about the vertical axis."""

    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]
    logarithmic: bool = False

    def place(self, points: np.ndarray) -> np.ndarray:
        """Return where points (count, 2) are, up to the first that is not finite. The script does the same."""
        finite = np.append(np.isfinite(points).all(1), False)
        points = np.asarray(points, float)[: int(finite.argmin())]
        value = np.maximum(points[:, 1], self.up[0] / 1e3) if self.logarithmic else points[:, 1]
        low, high, value = (np.log10(n) if self.logarithmic else np.asarray(n) for n in (*self.up, value))
        x = (points[:, 0] - self.across[0]) / (self.across[1] - self.across[0])
        y = 1 - (value - low) / (high - low)
        placed = np.clip(np.stack([x, y], 1), -REACH, 1 + REACH)
        return placed * [self.width, self.height] + [LEFT, TOP]


def draw_panel(story: Story, panel: Map | Curve, paths: dict[str, np.ndarray]) -> str:
    """Return a panel with the paths of all methods, whose labels are the keys of `paths`."""
    if isinstance(panel, Map):
        (left, right), (bottom, top) = panel.window
        width = WIDTH - LEFT - RIGHT
        frame = Frame(width, round(width * (top - bottom) / (right - left)), *panel.window)
        lines = paths
        inside = [f'<path class="contour" d="{line}"/>' for line in _contours(story, panel, frame)]
        if panel.optimum is not None:
            x, y = frame.place(np.array([panel.optimum]))[0]
            inside.append(f'<path class="optimum" d="M{x - 7:.1f} {y:.1f}h14M{x:.1f} {y - 7:.1f}v14"/>')
        axes, quantity = panel.axes, "path"
        title = f"The paths over the contours of the loss: {panel.axes[1]} against {panel.axes[0]}"
    else:
        frame = Frame(WIDTH - LEFT - RIGHT, CURVE_HEIGHT, (0, story.steps), (panel.low, panel.high), panel.logarithmic)
        count = np.arange(story.steps + 1)
        lines = {name: np.stack([count, measure(story, panel.quantity, path)], 1) for name, path in paths.items()}
        inside, axes, quantity = [], ("update", panel.label), panel.quantity
        title = f"{panel.label} against the update"
    for method in story.methods:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in frame.place(lines[method.label]))
        inside.append(
            f'<polyline class="path" data-method="{method.label}" stroke="{method.color}" points="{points}"/>'
        )
    return _surround(story, frame, inside, axes, quantity, title)


def _surround(story: Story, frame: Frame, inside: list[str], axes: tuple[str, str], quantity: str, title: str) -> str:
    """Return what is inside with a frame, ticks and the names of the axes."""
    name = f"{story.name}-{quantity}"
    numbers = {"width": frame.width, "height": frame.height, "across": frame.across, "up": frame.up}
    numbers |= {"logarithmic": frame.logarithmic, "left": LEFT, "top": TOP, "reach": REACH}
    area = f'x="{LEFT}" y="{TOP}" width="{frame.width}" height="{frame.height}"'
    middle = TOP + frame.height / 2
    return "".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {frame.height + TOP + BOTTOM}" role="img" data-quantity="{quantity}" ',
            f'data-frame="{html.escape(json.dumps(numbers))}"><title>{html.escape(title)}</title>',
            f'<clipPath id="{name}"><rect {area}/></clipPath>',
            *draw_ticks(frame),
            f'<g clip-path="url(#{name})">{"".join(inside)}</g><rect class="frame" {area}/>',
            f'<text x="{LEFT + frame.width / 2}" y="{frame.height + TOP + 43}">{html.escape(axes[0])}</text>',
            f'<text transform="translate(18 {middle}) rotate(-90)">{html.escape(axes[1])}</text></svg>',
        ]
    )


def draw_ticks(frame: Frame) -> Iterator[str]:
    """Yield the numbers at both axes, which stand at round values."""
    for value in _round_values(*frame.across):
        x = frame.place(np.array([[value, frame.up[1]]]))[0][0]
        yield f'<text x="{x:.1f}" y="{frame.height + TOP + 20}">{value:g}</text>'
    lowest, highest = np.log10(frame.up) if frame.logarithmic else frame.up
    powers = _round_values(lowest, highest, whole=True) if frame.logarithmic else []
    for value in [10.0**power for power in powers] or _round_values(*frame.up):
        y = frame.place(np.array([[frame.across[0], value]]))[0][1]
        yield f'<text class="up" x="{LEFT - 6}" y="{y + 6:.1f}">{_write(value, frame.logarithmic)}</text>'


def _round_values(low: float, high: float, whole: bool = False) -> list[float]:
    """Return three to six multiples of 1, 2 or 5 times a power of ten in a range."""
    size = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(size))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= size)
    step = max(step, 1.0) if whole else step
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(round(count * step, 10)) + 0.0 for count in np.arange(first, last + 1)]  # no -0


def _write(value: float, as_power: bool) -> str:
    """Return a number for an axis, such as -0.5, or 10 to the power -4."""
    if not as_power:
        return f"{value:g}"
    return f'10<tspan dy="-6" font-size="13">{np.log10(value):.0f}</tspan>'


def _contours(story: Story, panel: Map, frame: Frame) -> Iterator[str]:
    """Yield the outline of the loss at each level, as the data of an SVG path."""
    (left, right), (bottom, top) = panel.window
    across, up = np.meshgrid(np.linspace(left, right, COUNT), np.linspace(bottom, top, COUNT))
    points = jnp.asarray(np.stack([across, up], -1).reshape(-1, 2))
    height = np.asarray(jax.jit(jax.vmap(story.slope().height))(points)).reshape(across.shape)
    generator = contourpy.contour_generator(across, up, height)
    for level in panel.levels:
        for line in generator.lines(level):
            placed = " ".join(f"{x:.1f} {y:.1f}" for x, y in frame.place(np.asarray(line)))
            yield f"M{placed}"
