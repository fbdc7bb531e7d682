"""The picture of `gradlab bench --plot`: the time of a step against the size, a panel for each optimizer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..lab.plots.lines_and_labels import COLORS, use_log_axis
from ..lab.plots.matplotlib_settings import use_own_settings
from ..lab.plots.race_figures import save_figures, write_head
from .document import describe_document
from .plan import format_power
from .run import format_leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = {"gradlab": COLORS[0], "optax": COLORS[1], "torch": COLORS[2]}
COLUMNS = 4
LETTERS = 13  # that fit an inch


def draw_steps(document: Mapping[str, Any], path: Path) -> None:
    """Draw the rows of a document into a PNG, SVG or PDF file. Raises OSError if it cannot be written."""
    save_figures(path.parent, {path.stem: make_figure(document)}, path.suffix[1:])


def make_figure(document: Mapping[str, Any]) -> Figure:
    """Return a figure with a panel for each optimizer and number of leaves in a document."""
    from matplotlib.figure import Figure  # here, because gradlab.lab.plots imports Matplotlib first

    panels: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in document["rows"]:
        panels.setdefault((row["optimizer"], row["leaves"]), []).append(row)
    columns = min(COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    with use_own_settings():
        width, height = 3.0 * max(columns, 2) + 0.4, 2.5 * lines
        note = textwrap.wrap(describe_document(dict(document)), int(LETTERS * width))
        head = 0.85 + 0.15 * len(note)
        figure = Figure(figsize=(width, height + head))
        figure.subplots_adjust(
            left=0.75 / width, right=1 - 0.2 / width, top=1 - head / (height + head), bottom=0.55 / (height + head),
            wspace=0.35, hspace=0.55,
        )  # fmt: skip
        for position, ((name, leaves), rows) in enumerate(panels.items(), 1):
            axes = figure.add_subplot(lines, max(columns, 2), position)
            _draw_panel(axes, rows)
            several = len({row["leaves"] for row in document["rows"]}) > 1
            axes.set_title(f"{name}, {format_leaves(leaves)}" if several else name)
            if position > len(panels) - columns:
                axes.set_xlabel("parameters")
            if position % max(columns, 2) == 1:
                axes.set_ylabel("ms a step")
        write_head(figure, "Time of a training step", "\n".join(note))
        handles = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
        figure.legend(
            handles.values(), handles.keys(), loc="upper left", ncols=4, frameon=False,
            bbox_to_anchor=(0.05 / width, 1 - (head - 0.5) / (height + head)),
        )  # fmt: skip
    return figure


def _draw_panel(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    from matplotlib.ticker import FuncFormatter

    ordered = sorted(rows, key=lambda row: row["size"])
    for library, color in LINES.items():
        found = [(row["size"], row["steps"][library]) for row in ordered if library in row["steps"]]
        if not found:
            continue
        sizes = [size for size, _ in found]
        low, high = zip(*([1000 * edge for edge in timing["quartiles"]] for _, timing in found))
        axes.fill_between(sizes, low, high, color=color, alpha=0.2, linewidth=0)
        times = [1000 * timing["seconds"] for _, timing in found]
        axes.plot(sizes, times, "o-", color=color, markersize=3.5, linewidth=1.4, label=library)
    limits = [(row["size"], 1000 * row["limit"]["seconds"]) for row in ordered if row["limit"]]
    if limits:
        axes.plot(*zip(*limits), "_--", color="black", markersize=9, linewidth=1, label="limit of the memory")
    if len(ordered) == 1:
        axes.set_xlim(ordered[0]["size"] / 4, ordered[0]["size"] * 4)
    use_log_axis(axes, "y")
    axes.set_xscale("log", base=2)
    sizes = [row["size"] for row in ordered]
    axes.set_xticks(sizes[:: math.ceil(len(sizes) / 4)])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: _raise(format_power(round(size)))))


def _raise(power: str) -> str:
    """Return a power such as `2^20` with a raised exponent."""
    base, _, exponent = power.partition("^")
    return f"${base}^{{{exponent}}}$" if exponent else power
