"""Figures of the results along one axis of a study: a choice, or a size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from ...analysis.statistics.axes.best_by_value import best_by_value
from ...analysis.statistics.axes.size_laws import describe_size_laws, size_laws
from ..comparisons.choice_maps import draw_choice_map
from ..comparisons.size_laws import draw_size_laws
from ..lines_and_labels import drawable_name, label_size, measure_label_room
from .frames import BOTTOM, LEAST, TOP, Request, make_axes, make_line_figure

ROW = 0.22  # inches of the height of a row
RIGHT = 0.08


def choice_map(dataset: xr.Dataset, request: Request) -> Figure:
    """Return a heat map with a row for each optimizer, and a column for each value that the request's axis takes."""
    table = best_by_value(dataset, request.axis)
    left = measure_label_room([str(name) for name in table.optimizer.values]) - 0.15
    labels = [drawable_name(label) for label in table.label.values]
    font = FontProperties(size=label_size() * 9 / 8.5)
    longest = max(text_to_path.get_text_width_height_descent(label, font, ismath=False)[0] for label in labels) / 72
    is_oblique = longest > 0.92 * (request.width - left - RIGHT) / len(labels)
    bottom = BOTTOM + 0.6 * longest * is_oblique  # the sine of 35 degrees is 0.57
    height = request.height or bottom + TOP + max(ROW * table.sizes["optimizer"] + 0.1, LEAST / 2)
    figure, axes = make_axes(request.width, height, left, RIGHT, bottom, TOP)
    draw_choice_map(axes, table)
    if is_oblique:
        for text in axes.get_xticklabels():
            text.set(rotation=35, ha="right", rotation_mode="anchor")
    return figure


def scaling(datasets: Mapping[str, xr.Dataset], request: Request) -> dict[str, Figure]:
    """Return figures of the scores over a size, such as a width, with the fitted power laws, by the names of problems.

    If the problems of the study are one problem at several sizes, there is one figure of all of them.
    """
    laws = size_laws(datasets, request.axis)
    return {problem: make_line_figure(draw_size_laws, table, request) for problem, table in laws.items()}


def describe_scaling(
    datasets: Mapping[str, xr.Dataset], axis: str | None, optimizers: Sequence[str] | None
) -> list[str]:
    """Return the sentences on the laws of the named optimizers, or of all, for the caption of the figure."""
    tables = size_laws(datasets, axis).values()
    return [
        sentence
        for table in tables
        for sentence in describe_size_laws(table.sel(optimizer=[*dict.fromkeys(optimizers or table.optimizer.values)]))
    ]
