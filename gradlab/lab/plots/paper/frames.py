"""Frames: figures of a given size with axes that leave room for numbers, labels and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.statistics.critical_differences import PostHoc
from ...problems.base import Problem
from ..lines_and_labels import label_size, measure_label_room

Colors = Mapping[str, str]
LEFT, BOTTOM, TOP = 0.68, 0.4, 0.06  # inches beside the axes
CROSSES = 0.028  # of the height of the axes, for each row of crosses above them
LEAST = 0.8  # inches of the width and the height of the axes


class Request(NamedTuple):
    """The size, the colors and the other wishes of the caller for a figure."""

    width: float  # inches
    height: float | None  # inches; None for one that fits
    colors: Colors  # of each optimizer
    post_hoc: PostHoc = "wilcoxon"
    axis: str | None = None  # the choice or the size along which the results are shown
    problems: Mapping[str, Problem] = {}  # by name, those that are known


def make_line_figure(draw: Callable[..., Axes], dataset: xr.Dataset, request: Request, rows: int = 0) -> Figure:
    """Return a figure with lines, which has room for their names at its right and for rows of crosses at its top."""
    names, width, height = [str(name) for name in dataset.optimizer.values], request.width, request.height
    least = 1.35 * label_size() * len(names) / 72  # inches of the names
    if height is None:
        height = max(0.68 * width if width < 5 else 2.2, (least + BOTTOM + TOP) * (1 + CROSSES * rows))
    top = TOP + CROSSES * rows * (height - BOTTOM)
    figure, axes = make_axes(width, height, LEFT, measure_label_room(names) - 0.05, BOTTOM, top)
    draw(axes, dataset, names, request.colors)
    return figure


def make_row_figure(draw: Callable[[Axes], Axes], table: xr.Dataset, request: Request) -> Figure:
    """Return a figure with a row for each optimizer, which has room for their names at its left."""
    room = measure_label_room([str(name) for name in table.optimizer.values]) - 0.1
    height = request.height or BOTTOM + TOP + 0.2 * max(table.sizes["optimizer"], 4)
    figure, axes = make_axes(request.width, height, room, 0.12, BOTTOM, TOP)
    draw(axes)
    return figure


def make_axes(width: float, height: float, left: float, right: float, bottom: float, top: float) -> tuple[Figure, Axes]:
    """Return a figure with axes, which have the given inches at their sides. Raises ValueError if nothing is left."""
    inner, tall = width - left - right, height - bottom - top
    if inner < LEAST or tall < LEAST / 2 - 1e-9:
        needed = f"{left + right + LEAST:.2f}in wide and {bottom + top + LEAST / 2:.2f}in high"
        raise ValueError(
            f"a figure of {width:.2f} by {height:.2f} inches has no room for its axes and the names of the optimizers; "
            f"make it at least {needed}, or name fewer optimizers"
        )
    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((left / width, bottom / height, inner / width, tall / height))
