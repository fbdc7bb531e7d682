"""The panels of a story as SVG: a frame with axes, contours, and the paths, which the page's script moves."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import contourpy
import jax
import jax.numpy as jnp
import numpy as np

from .five_stories import Curve, Map, Story
from .traces import measure

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 520, 84, 22, 16, 58
AXIS_TITLE = 51  # from the frame down to the title of the axis across
CURVE_HEIGHT = 300
EDGE = 2  # around the frame, so that its line is whole
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
        axes, quantity = panel.axes, "path"
        ends = f' marker-start="url(#{story.name}-{{number}}-start)" marker-end="url(#{story.name}-{{number}}-end)"'
        title = f"The paths over the contours of the loss: {panel.axes[1]} against {panel.axes[0]}"
    else:
        frame = Frame(WIDTH - LEFT - RIGHT, CURVE_HEIGHT, (0, story.steps), (panel.low, panel.high), panel.logarithmic)
        count = np.arange(story.steps + 1)
        lines = {name: np.stack([count, measure(story, panel.quantity, path)], 1) for name, path in paths.items()}
        inside, axes, quantity, ends = [], ("update", panel.label), panel.quantity, ""
        title = f"{panel.label} against the update"
    for number, method in enumerate(story.methods):
        if ends:
            inside.append(_mark_ends(f"{story.name}-{number}", method.color))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in frame.place(lines[method.label]))
        inside.append(
            f'<polyline class="path" data-method="{method.label}" stroke="{method.color}" points="{points}"'
            f"{ends.format(number=number)}/>"
        )
    if isinstance(panel, Map) and panel.optimum is not None:  # over the paths, which would hide it
        x, y = frame.place(np.array([panel.optimum]))[0]
        inside.append(f'<path class="optimum" d="M{x - 7:.1f} {y:.1f}h14M{x:.1f} {y - 7:.1f}v14"/>')
    return _surround(story, frame, inside, axes, quantity, title)


def _mark_ends(name: str, color: str) -> str:
    """Return the marks of a path in a color: a ring where it starts, and a dot where it ends."""
    box = 'viewBox="-7 -7 14 14" markerUnits="userSpaceOnUse" markerWidth="14" markerHeight="14"'
    return (
        f'<marker id="{name}-start" {box}><circle r="5" fill="none" stroke="{color}" stroke-width="2.5"/></marker>'
        f'<marker id="{name}-end" {box}><circle r="5" fill="{color}"/></marker>'
    )


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
            f'<text x="{LEFT + frame.width / 2}" y="{frame.height + TOP + AXIS_TITLE}">{html.escape(axes[0])}</text>',
            f'<text transform="translate(18 {middle}) rotate(-90)">{html.escape(axes[1])}</text></svg>',
        ]
    )


def crop(panel: str) -> str:
    """Return a panel without the room around its frame, for where its numbers are not shown."""

    def narrow(box: re.Match[str]) -> str:
        width, height = int(box[1]) - LEFT - RIGHT, int(box[2]) - TOP - BOTTOM
        return f'viewBox="{LEFT - EDGE} {TOP - EDGE} {width + 2 * EDGE} {height + 2 * EDGE}"'

    return re.sub(r'viewBox="0 0 (\d+) (\d+)"', narrow, panel, count=1)


def draw_ticks(frame: Frame, exponents: bool = False) -> Iterator[str]:
    """Yield the numbers at both axes, which stand at round values; `exponents` says that those across are of 10."""
    for value in _round_values(*frame.across, whole=exponents):
        x = frame.place(np.array([[value, frame.up[1]]]))[0][0]
        number = _write(10.0**value, True) if exponents else f"{value:g}"
        x = min(x, LEFT + frame.width - 8)  # four digits at the right end are within the picture
        yield f'<text x="{x:.1f}" y="{frame.height + TOP + 26}">{number}</text>'
    lowest, highest = map(float, np.log10(frame.up)) if frame.logarithmic else frame.up
    powers = _round_values(lowest, highest, whole=True) if frame.logarithmic else []
    few = frame.logarithmic and len(powers) < 2  # of less than a decade
    for value in _round_parts(*frame.up) if few else [10.0**power for power in powers] or _round_values(*frame.up):
        y = frame.place(np.array([[frame.across[0], value]]))[0][1]
        y = min(y + 6, frame.height + TOP)  # the lowest number is clear of the first one across
        yield f'<text class="up" x="{LEFT - 6}" y="{y:.1f}">{_write(value, bool(powers) and not few)}</text>'


def _round_values(low: float, high: float, whole: bool = False) -> list[float]:
    """Return three to six multiples of 1, 2 or 5 times a power of ten in a range."""
    size = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(size))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= size)
    step = max(step, 1.0) if whole else step
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(round(count * step, 10)) + 0.0 for count in np.arange(first, last + 1)]  # no -0


def _round_parts(low: float, high: float) -> list[float]:
    """Return 1, 2, 3 and 5 times powers of ten in a range of a logarithmic axis, or round values if it is narrow."""
    powers = np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
    values = [float(f"{part * 10.0**power:g}") for power in powers for part in (1, 2, 3, 5)]
    inside = [value for value in values if low <= value <= high]
    return inside if len(inside) > 1 else _round_values(low, high)


def _write(value: float, as_power: bool) -> str:
    """Return a number for an axis, such as -0.5, or 10 to the power -4."""
    if not as_power:
        return f"{value:g}"
    return f'10<tspan dy="-6" font-size="80%">{np.log10(value):.0f}</tspan>'


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
