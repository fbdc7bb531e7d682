"""Heat maps: the score over two hyperparameters of a sweep or a search, with the others at their best values."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm

from .._formatting import format_distinct
from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.drawn_scores import is_drawn_downwards, to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import mean_scores
from .hyperparameter_effects import is_logarithmic, is_on_grid
from .lines_and_labels import AS_WRITTEN, drawable_name, find_limits, look_up_optimizers, use_log_axis

COLORMAP = "cividis_r"  # looks the same with any colour vision; better scores are brighter
LETTERS = 30  # that fit below a panel in a row, with room between them


def draw_heat_map(axes: Axes, dataset: xr.Dataset, optimizer: str, x: str, y: str) -> Axes:
    """Draw the scores of one optimizer over two hyperparameters, as cells of a grid or as dots of samples.

    A score is the average of the choosing metric over all seeds, and that of a cell is the best of its points. A ring
    marks the best one. A cross marks a cell in which every point had a diverged run, or a sample that had one.
    """
    (optimizer,), dataset = look_up_optimizers(dataset, optimizer), with_choosing_metric(dataset)
    scores, _ = to_drawn_scores(dataset, mean_scores(dataset))
    lower = is_drawn_downwards(dataset)
    own = dataset.sel(optimizer=optimizer)
    across, up, values = own[x].values, own[y].values, scores.sel(optimizer=optimizer).values
    look = choose_colors(dataset, scores)
    if is_on_grid(dataset):
        _cells(axes, across, up, values, lower, look)
    else:
        _dots(axes, across, up, values, lower, look)
        for axis, name in (("x", x), ("y", y)):
            if is_logarithmic(dataset, name):
                use_log_axis(axes, axis)
    axes.set_xlabel(drawable_name(x), **AS_WRITTEN)
    axes.set_ylabel(drawable_name(y), **AS_WRITTEN)
    return axes


def choose_colors(dataset: xr.Dataset, scores: xr.DataArray) -> dict[str, Any]:
    """Return the colour map and the scale of the colours, which is logarithmic and covers all finite scores."""
    return {
        "cmap": COLORMAP if is_drawn_downwards(dataset) else COLORMAP.removesuffix("_r"),
        "norm": LogNorm(*find_limits(scores)),
    }


def _cells(axes: Axes, across: np.ndarray, up: np.ndarray, values: np.ndarray, lower: bool, look: Any) -> None:
    (columns, column), (rows, row) = (np.unique(side, return_inverse=True) for side in (across, up))
    known, worst = np.isfinite(values), np.inf if lower else -np.inf
    table = np.full((len(rows), len(columns)), worst)
    (np.minimum if lower else np.maximum).at(table, (row[known], column[known]), values[known])
    table[table == worst] = np.nan
    axes.imshow(np.ma.masked_invalid(table), origin="lower", aspect="auto", **look)
    axes.plot(*np.argwhere(np.isnan(table)).T[::-1], "x", color="#888888", markersize=5, label="_diverged")
    if np.isfinite(table).any():
        best = np.unravel_index(np.nanargmin(table) if lower else np.nanargmax(table), table.shape)
        axes.plot(best[1], best[0], "o", markerfacecolor="none", color="black", markersize=9, label="_best")
    labels = format_distinct(columns.tolist())
    is_crowded = len(labels) * max(map(len, labels)) > LETTERS
    axes.set_xticks(range(len(columns)), labels, rotation=45 if is_crowded else 0)
    axes.set_yticks(range(len(rows)), format_distinct(rows.tolist()))


def _dots(axes: Axes, across: np.ndarray, up: np.ndarray, values: np.ndarray, lower: bool, look: Any) -> None:
    known = np.isfinite(values)
    order = np.argsort(-values[known] if lower else values[known])  # the best ones on top
    axes.scatter(across[known][order], up[known][order], c=values[known][order], s=28, **look)
    axes.plot(across[~known], up[~known], "x", color="#888888", markersize=5, label="_diverged")
    if known.any():
        best = np.nanargmin(values) if lower else np.nanargmax(values)
        axes.plot(across[best], up[best], "o", markerfacecolor="none", color="black", markersize=10, label="_best")


def draw_color_scale(axes: Axes, dataset: xr.Dataset) -> Axes:
    """Draw the scale of the colours, labelled with the name of the score."""
    dataset = with_choosing_metric(dataset)
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    colors = matplotlib.colormaps[choose_colors(dataset, scores)["cmap"]]
    bar = axes.figure.colorbar(ScalarMappable(choose_colors(dataset, scores)["norm"], colors), cax=axes)
    bar.set_label(f"{drawable_name(label)}, {describe_window(dataset, short=True)}", **AS_WRITTEN)
    use_log_axis(axes, "y")
    return axes
