"""Heat maps: the score over two hyperparameters of a sweep or a search, with the others at their best values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm

from .._formatting import format_distinct
from .._results.thinned_curves import find_completed
from .._settings import read_categories, read_positions
from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.drawn_scores import is_drawn_downwards, to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import mean_scores
from .hyperparameter_effects import is_choice, is_logarithmic, is_on_grid, label_choices
from .lines_and_labels import AS_WRITTEN, drawable_name, find_limits, look_up_optimizers, use_log_axis

COLORMAP = "cividis_r"  # looks the same with any color vision; better scores are brighter
TALL = 6  # letters of a label beside a panel, beyond which the labels are written upright
LETTERS = 30  # that fit below a panel in a row, with room between them


def draw_heat_map(axes: Axes, dataset: xr.Dataset, optimizer: str, x: str, y: str) -> Axes:
    """Draw the scores of one optimizer over two hyperparameters, as cells of a grid or as dots of samples.

    A score is the average of the choosing metric over all seeds, and that of a cell is the best of its points. A ring
    marks the best one. A cross marks a cell in which every point had a diverged run, or a sample that had one. A small
    dot marks one that was stopped early.
    """
    (optimizer,), dataset = look_up_optimizers(dataset, optimizer), with_choosing_metric(dataset)
    scores, _ = to_drawn_scores(dataset, mean_scores(dataset))
    lower = is_drawn_downwards(dataset)
    own = dataset.sel(optimizer=optimizer)
    across, up, values = read_positions(own, x), read_positions(own, y), scores.sel(optimizer=optimizer).values
    exists = ~(np.isnan(across) | np.isnan(up))
    completed = find_completed(dataset).sel(optimizer=optimizer).values
    stopped, exists = exists & ~completed, exists & completed
    early = across[stopped], up[stopped]
    across, up, values = across[exists], up[exists], values[exists]
    look = choose_colors(dataset, scores)
    if is_on_grid(dataset) or (is_choice(dataset, x) and is_choice(dataset, y)):
        columns, rows = _cells(axes, across, up, values, lower, look, early)
        places = np.searchsorted(columns, early[0]), np.searchsorted(rows, early[1])
        _write_ticks(axes, "x", dict(enumerate(_label_values(dataset, x, columns))))
        _write_ticks(axes, "y", dict(enumerate(_label_values(dataset, y, rows))))
    else:
        _dots(axes, across, up, values, lower, look)
        places = early
        for axis, name in (("x", x), ("y", y)):
            if is_logarithmic(dataset, name):
                use_log_axis(axes, axis)
            elif is_choice(dataset, name):
                _write_ticks(axes, axis, label_choices(dataset, name))
    axes.plot(*places, ".", color="#888888", markersize=3, zorder=1, label="_stopped")
    axes.set_xlabel(drawable_name(x), **AS_WRITTEN)
    axes.set_ylabel(drawable_name(y), **AS_WRITTEN)
    return axes


def _write_ticks(axes: Axes, axis: str, labels: Mapping[float, str]) -> None:
    """Write labels at their places: oblique where they would run into each other, upright where words are long."""
    longest = max(map(len, labels.values()))
    if axis == "x":
        axes.set_xticks([*labels], [*labels.values()], rotation=45 if len(labels) * longest > LETTERS else 0)
    elif longest > TALL:
        axes.set_yticks([*labels], [*labels.values()], rotation=90, va="center")
    else:
        axes.set_yticks([*labels], [*labels.values()])


def _label_values(dataset: xr.Dataset, name: str, values: np.ndarray) -> list[str]:
    """Return a label for each value of a hyperparameter."""
    if name not in read_categories(dataset.attrs):
        return format_distinct(values.tolist())
    labels = label_choices(dataset, name)
    return [labels[value] for value in values.tolist()]


def choose_colors(dataset: xr.Dataset, scores: xr.DataArray) -> dict[str, Any]:
    """Return the color map and the scale of the colors, which is logarithmic and covers all finite scores."""
    return {
        "cmap": COLORMAP if is_drawn_downwards(dataset) else COLORMAP.removesuffix("_r"),
        "norm": LogNorm(*find_limits(scores)),
    }


def _cells(
    axes: Axes, across: np.ndarray, up: np.ndarray, values: np.ndarray, lower: bool, look: Any, empty: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a cell for each pair of values, and return the values of the columns and of the rows.

    `empty` are further pairs, which have no score.
    """
    columns, rows = (np.unique(np.append(side, others)) for side, others in zip((across, up), empty))
    column, row = np.searchsorted(columns, across), np.searchsorted(rows, up)
    known, worst = np.isfinite(values), np.inf if lower else -np.inf
    table = np.full((len(rows), len(columns)), worst)
    (np.minimum if lower else np.maximum).at(table, (row[known], column[known]), values[known])
    table[table == worst] = np.nan
    axes.imshow(np.ma.masked_invalid(table), origin="lower", aspect="auto", **look)
    is_there = np.zeros(table.shape, bool)
    is_there[row, column] = True
    axes.plot(*np.argwhere(np.isnan(table) & is_there).T[::-1], "x", color="#888888", markersize=5, label="_diverged")
    if np.isfinite(table).any():
        best = np.unravel_index(np.nanargmin(table) if lower else np.nanargmax(table), table.shape)
        axes.plot(best[1], best[0], "o", markerfacecolor="none", color="black", markersize=9, label="_best")
    return columns, rows


def _dots(axes: Axes, across: np.ndarray, up: np.ndarray, values: np.ndarray, lower: bool, look: Any) -> None:
    known = np.isfinite(values)
    order = np.argsort(-values[known] if lower else values[known])  # the best ones on top
    axes.scatter(across[known][order], up[known][order], c=values[known][order], s=28, **look)
    axes.plot(across[~known], up[~known], "x", color="#888888", markersize=5, label="_diverged")
    if known.any():
        best = np.nanargmin(values) if lower else np.nanargmax(values)
        axes.plot(across[best], up[best], "o", markerfacecolor="none", color="black", markersize=10, label="_best")


def draw_color_scale(axes: Axes, dataset: xr.Dataset) -> Axes:
    """Draw the scale of the colors, labeled with the name of the score."""
    dataset = with_choosing_metric(dataset)
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    colors = matplotlib.colormaps[choose_colors(dataset, scores)["cmap"]]
    bar = axes.figure.colorbar(ScalarMappable(choose_colors(dataset, scores)["norm"], colors), cax=axes)
    bar.set_label(f"{drawable_name(label)}, {describe_window(dataset, short=True)}", **AS_WRITTEN)
    use_log_axis(axes, "y")
    return axes
