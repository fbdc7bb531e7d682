"""The style of the figures of the claims, for light and dark pages, and the panels that several of them have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..plots.lines_and_labels import AS_WRITTEN
from ..plots.lines_and_labels import use_log_axis as use_log_axis
from ..plots.matplotlib_settings import use_own_settings
from .comparisons import Difference
from .summaries import Summary, nearest_rate

INK = "#7a828c"  # a gray that can be read on white and on black
# Okabe and Ito's palette without its black and its yellow: they are seen on white and on black.
COLORS = ("#2f86c8", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8c7ae6")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
PANEL = (2.9, 2.3)  # inches


@contextmanager
def page_style() -> Iterator[None]:
    """Draw with gradlab's settings, on no ground, in colors for light and dark pages."""
    import matplotlib

    inks = ("axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "text.color")
    own: Any = dict.fromkeys(inks, INK) | {"figure.facecolor": "none", "axes.facecolor": "none", "savefig.dpi": 130}
    own |= {"legend.frameon": False, "axes.titlesize": 9, "legend.fontsize": 8.5, "lines.linewidth": 1.6}
    with use_own_settings(), matplotlib.rc_context(own):
        yield


def panels(count: int, draw: Callable[[int, Axes], None], columns: int = 3, legend: int | None = None) -> Figure:
    """Return a figure with panels that `draw(number, axes)` fills, and one legend below them, of the panel `legend`."""
    columns = min(columns, count)
    rows = -(-count // columns)
    with page_style():
        figure = Figure(
            figsize=(PANEL[0] * columns, PANEL[1] * rows + 0.35 * (legend is not None)), layout="constrained"
        )
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for number, axes in enumerate(grid):
            if number < count:
                draw(number, axes)
            else:
                axes.set_visible(False)
        if legend is not None:
            handles, labels = grid[legend].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 2 * columns + 1))
    return figure


def rate_curves(problems: Mapping[str, Summary], names: Mapping[str, str], columns: int = 3) -> Figure:
    """Return a figure with a panel for each problem: the mean score over the learning rate, of each optimizer.

    A ring is the rate that the choosing seeds chose. Rates at which a run diverged have no score.
    """
    items = list(problems.items())

    def draw(number: int, axes: Axes) -> None:
        label, problem = items[number]
        draw_rate_curves(axes, problem, names)
        title(axes, label)
        if number // columns == (len(items) - 1) // columns or number + columns >= len(items):
            axes.set_xlabel("learning rate")
        axes.set_ylabel(problem["label"])

    return panels(len(items), draw, columns, legend=0)


def draw_rate_curves(axes: Axes, problem: Summary, names: Mapping[str, str]) -> None:
    """Draw the mean score over the learning rate, and a ring at the chosen rate, for each optimizer."""
    shown = [problem["optimizers"][name] for name in names if name in problem["optimizers"]]
    values = [score for own in shown for score in own["curve"] if score is not None]
    floor = max(problem["floor"], 1e-30)
    for position, (name, text) in enumerate(names.items()):
        if name not in problem["optimizers"]:
            continue
        own = problem["optimizers"][name]
        curve = np.array([math.nan if score is None else score for score in own["curve"]])
        curve = np.maximum(curve, floor) if problem["logarithmic"] else curve
        style: Any = {"color": COLORS[position % len(COLORS)]}
        axes.plot(own["rates"], curve, label=text, **style)
        if own["rate"] is not None:
            at = curve[nearest_rate(own["rates"], own["rate"])]
            axes.plot(own["rate"], at, marker="o", markerfacecolor="none", markersize=6, linestyle="", **style)
    axes.set_xscale("log")
    if problem["logarithmic"] and values:
        low, high = max(min(values), floor), sorted(values)[int(0.97 * (len(values) - 1))]
        axes.set_ylim(low / (high / low) ** 0.05 / 1.02, high * (high / low) ** 0.05 * 1.02)
        use_log_axis(axes, "y")


def title(axes: Axes, text: str) -> None:
    """Write the title of a panel."""
    axes.set_title(text, **AS_WRITTEN)


def dot_rows(
    axes: Axes, rows: Sequence[str], series: Mapping[str, Sequence[float]], label: str, logarithmic: bool = True
) -> None:
    """Draw a row of dots for each name: one dot for each series, with a mark of its own."""
    for position, (name, values) in enumerate(series.items()):
        axes.plot(
            values, range(len(rows)), linestyle="", marker=MARKS[position], markersize=5.5, label=name,
            color=COLORS[position], alpha=0.9,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
    axes.set_xlabel(label)
    if logarithmic:
        use_log_axis(axes, "x")


def difference_rows(axes: Axes, differences: Mapping[str, Difference], label: str) -> None:
    """Draw a row for each difference, a dot on its interval: green if it is better for certain, red if worse."""
    for row, found in enumerate(differences.values()):
        color = {True: "#009E73", False: "#D55E00", None: INK}[found.exceeds()]
        axes.plot([found.low, found.high], [row, row], color=color)
        axes.plot(found.mean, row, "o", color=color)
    axes.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(differences)), list(differences))
    axes.set_ylim(len(differences) - 0.5, -0.5)
    axes.set_xlabel(label)
