"""Lines, their names, and logarithmic axes: what all plots have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from unicodedata import category

import numpy as np
import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .._inputs.name_lookup import look_up

# Okabe & Ito's palette without its yellow: distinct with any color vision, and on white paper.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 3)))
CONTEXT = "#D4D4D4"  # the gray of the lines that are not the subject of a panel
CONTEXT_LINE: dict[str, Any] = {"color": CONTEXT, "linewidth": 0.8, "zorder": 1, "label": "_context"}

# For texts with names of the user's, in which $ and _ are ordinary letters.
AS_WRITTEN: Any = {"parse_math": False, "usetex": False}
LONGEST_NAME = 48  # letters of a name that is drawn


def drawable_name(name: object, most: int = LONGEST_NAME) -> str:
    """Return a name as it can be drawn: on one line, without control characters, the middle left out if long."""
    letters = ("\ufffd" if category(letter) in ("Cc", "Cs") else letter for letter in " ".join(str(name).split()))
    text = "".join(letters)
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2 - 1) :]}"


class LineStyle(NamedTuple):
    """The color and dashes of one line among a few."""

    color: str
    linestyle: Any


class EndLabel(NamedTuple):
    """A name to write beside the point (x, y), in data coordinates, at which a line ends."""

    text: str
    x: float
    y: float
    color: str


def look_up_optimizers(dataset: xr.Dataset, optimizers: Sequence[str] | str | None) -> list[str]:
    """Return the names of the given optimizers, or of one, or of all for None.

    Raises UnknownNameError for one that is not there.
    """
    known = {str(name): str(name) for name in dataset.optimizer.values}
    names = known if optimizers is None else [optimizers] if isinstance(optimizers, str) else optimizers
    return [look_up(str(name), known, "optimizer of these results") for name in names]


def line_style(position: int, color: str | None = None) -> LineStyle:
    """Return the color and dashes of the line at a position; those of the first 35 positions differ.

    A given color takes the place of that of the position.
    """
    return LineStyle(color or COLORS[position % len(COLORS)], DASHES[position % len(DASHES)])


def use_log_axis(axes: Axes, which: str) -> None:
    """Make an axis ("x" or "y") logarithmic, with numbers or, if it spans more than six decades, with powers of ten."""
    if which == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = sorted(axes.get_xlim() if which == "x" else axes.get_ylim())
    decades = np.log10(high) - np.log10(low)
    if decades < (2.5 if which == "y" else 1.2):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    elif decades > 6:
        axis.set_major_locator(LogLocator(numticks=6))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(_power if decades > 6 else _number))


def _number(value: float, _: int) -> str:
    return f"{value:g}"


def _power(value: float, _: int) -> str:
    if not 0 < value < np.inf:  # a tick beyond the range of floats
        return ""
    return f"$10^{{{round(np.log10(value))}}}$"


def find_limits(values: xr.DataArray) -> tuple[float, float]:
    """Return limits of a logarithmic axis that include all finite values, with a little room."""
    known = values.values[np.isfinite(values.values)]
    if not known.size:
        return 0.1, 1.0
    low, high = max(float(known.min()), 1e-38), max(float(known.max()), 1e-37)
    room = (high / low) ** 0.04 * 1.05
    return low / room, high * room


def label_ends(axes: Axes, labels: Sequence[EndLabel]) -> None:
    """Write names to the right of the axes, each with a thin line to the end of its own line, without overlaps.

    Call it last, because it needs the final limits and position of the axes.
    """
    if not labels:
        return
    size = label_size()
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [to_axes.transform((label.x, label.y)) for label in labels]
    height = axes.get_window_extent().height / axes.figure.dpi * 72  # points
    places = spread_out([float(np.clip(end[1], 0, 1)) for end in ends], 1.35 * size / height)
    above, below = max(places) - 1, min(places)
    shift = above if above > 0 else min(below, 0.0)  # so that names do not leave the picture where lines end together
    for label, end, place in zip(labels, ends, [place - shift for place in places]):
        leader = [(end[0] + 0.008, end[1]), (1.0, end[1]), (1.035, place)] if end[0] < 0.9 else None
        corners = leader or [(end[0] + 0.008, end[1]), (1.035, place)]
        axes.plot(
            *zip(*corners), transform=axes.transAxes, color=label.color, linewidth=0.6, alpha=0.6, clip_on=False,
            label="_leader",
        )  # fmt: skip
        axes.text(
            1.045, place, drawable_name(label.text), transform=axes.transAxes, color=label.color, size=size,
            va="center", clip_on=False, **AS_WRITTEN,
        )  # fmt: skip


def label_size() -> float:
    """Return the points of a name beside the axes: a little less than Matplotlib's setting `font.size`."""
    return float(8.5 / 9 * rcParams["font.size"])


def measure_label_room(names: Sequence[str]) -> float:
    """Return the inches that the longest of the names takes beside the axes, with the thin line before it."""
    font = FontProperties(size=label_size())
    widths = [text_to_path.get_text_width_height_descent(drawable_name(name), font, ismath=False)[0] for name in names]
    return (max(widths) + 24) / 72


def spread_out(places: Sequence[float], gap: float) -> list[float]:
    """Move numbers as little as possible so that they are at least `gap` apart, in the same order."""
    order = np.argsort(places, kind="stable")
    groups: list[list[float]] = []  # each [mean of its numbers, how many]
    for index in order:
        groups.append([places[index], 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            center, count = groups.pop()
            groups[-1] = [
                (groups[-1][0] * groups[-1][1] + center * count) / (groups[-1][1] + count),
                groups[-1][1] + count,
            ]
    moved = [center + gap * (i - (count - 1) / 2) for center, count in groups for i in range(int(count))]
    result = [0.0] * len(places)
    for index, place in zip(order, moved):
        result[index] = place
    return result
