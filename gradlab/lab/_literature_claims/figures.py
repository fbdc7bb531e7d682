"""The style of the figures of the claims, for light and dark pages, and the panels that several of them have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..plots.lines_and_labels import AS_WRITTEN
from ..plots.lines_and_labels import use_log_axis as use_log_axis
from ..plots.matplotlib_settings import use_own_settings
from .comparisons import Difference
from .summaries import Summary, nearest_rate

INK = "#7a828c"  # a gray that can be read on white and on black
# Okabe and Ito's palette without its black and its yellow: they are seen on white and on black.
COLORS = ("#2f86c8", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#8c7ae6", "#a5702c", "#7d9a1f")
DIFFERENCE_COLORS = "green: better; orange: worse; gray: chance may have decided"  # of `difference_rows`
# An optimizer has one color in all figures.
COLOR_OF = {
    "SGD": "#2f86c8", "momentum": "#E69F00", "Nesterov": "#009E73", "Adagrad": "#8c7ae6", "RMSProp": "#CC79A7",
    "Adadelta": "#a5702c", "Adam": "#D55E00", "AdaMax": "#7d9a1f", "sign descent": "#009E73",
}  # fmt: skip
MARKS = ("o", "s", "^", "D", "v", "P", "X")
PANEL = (2.9, 2.3)  # inches
LETTER, HANDLE, ENTRY = 0.062, 0.5, 0.17  # of a legend: the width of a letter, of a line, and the height of an entry


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
    """Return a figure with panels that `draw(number, axes)` fills, and one legend below them, of the panel `legend`.

    The legend stands at the left, and is no wider than a panel: a phone shows one panel at a time.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    with page_style():
        layout = ConstrainedLayoutEngine(wspace=0.06)  # so that no title stands against the next panel
        figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout=layout)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for number, axes in enumerate(grid):
            if number < count:
                draw(number, axes)
            else:
                axes.set_visible(False)
        if legend is not None:
            handles, labels = grid[legend].get_legend_handles_labels()
            across = max(1, min(len(labels), int(PANEL[0] / (HANDLE + LETTER * max(map(len, labels))))))
            figure.set_figheight(PANEL[1] * rows + 0.2 + ENTRY * -(-len(labels) // across))
            figure.legend(handles, labels, loc="outside lower left", ncols=across)
    return figure


def choose_colors(names: Sequence[str]) -> dict[str, str]:
    """Return a color for each name: that of the optimizer, or one that no other name has."""
    chosen = {name: COLOR_OF[name] for name in names if name in COLOR_OF}
    others = iter(color for color in COLORS if color not in chosen.values())
    return {name: chosen[name] if name in chosen else next(others) for name in names}


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
    colors = choose_colors(list(names.values()))
    for name, text in names.items():
        if name not in problem["optimizers"]:
            continue
        own = problem["optimizers"][name]
        curve = np.array([math.nan if score is None else score for score in own["curve"]])
        curve = np.maximum(curve, floor) if problem["logarithmic"] else curve
        style: Any = {"color": colors[text]}
        axes.plot(own["rates"], curve, label=text, **style)
        if own["rate"] is not None:
            at = curve[nearest_rate(own["rates"], own["rate"])]
            axes.plot(own["rate"], at, marker="o", markerfacecolor="none", markersize=6, linestyle="", **style)
    axes.set_xscale("log")
    if problem["logarithmic"] and values:
        low, high = max(min(values), floor), sorted(values)[int(0.97 * (len(values) - 1))]
        axes.set_ylim(low / (high / low) ** 0.05 / 1.02, high * (high / low) ** 0.05 * 1.02)
        use_log_axis(axes, "y")


def explain(figure: Figure, text: str) -> Figure:
    """Write below a figure what its colors and lines mean, and return it."""
    with page_style():
        figure.supxlabel(text, fontsize=8.5)
    return figure


def title(axes: Axes, text: str) -> None:
    """Write the title of a panel."""
    axes.set_title(text, **AS_WRITTEN)


def dot_rows(
    axes: Axes, rows: Sequence[str], series: Mapping[str, Sequence[float]], label: str, logarithmic: bool = True
) -> None:
    """Draw a row of dots for each name: one dot for each series, with a mark and a height of its own."""
    for position, (name, values) in enumerate(series.items()):
        height = 0.22 * (position - (len(series) - 1) / 2)  # so that equal dots do not hide each other
        axes.plot(
            values, [row + height for row in range(len(rows))],
            linestyle="", marker=MARKS[position], markersize=5.5, label=name,
            color=COLORS[position], alpha=0.9,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
    axes.set_xlabel(label)
    if logarithmic:
        use_log_axis(axes, "x")


def difference_rows(axes: Axes, differences: Mapping[str, Difference], label: str) -> None:
    """Draw a row for each difference, a dot on its interval: green if it is better for certain, orange if worse."""
    for row, found in enumerate(differences.values()):
        color = {True: "#009E73", False: "#D55E00", None: INK}[found.exceeds()]
        axes.plot([found.low, found.high], [row, row], color=color)
        axes.plot(found.mean, row, "o", color=color)
    axes.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(differences)), list(differences))
    axes.set_ylim(len(differences) - 0.5, -0.5)
    axes.set_xlabel(label)
