"""Effects: the score against one hyperparameter of a sweep or a search, whatever the others are."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .._settings import read_categories, read_positions
from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.drawn_scores import is_drawn_downwards, to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import mean_scores
from ..analysis.sweep_as_race import swept_hyperparameters
from .lines_and_labels import AS_WRITTEN, drawable_name, find_limits, line_style, use_log_axis


def draw_effect(axes: Axes, dataset: xr.Dataset, hyperparameter: str) -> Axes:
    """Draw each point of a sweep or a search at its value of a hyperparameter.

    The height of a point is the average of the choosing metric over all seeds. Every optimizer has a ring around its
    best point and, on a grid, a line through the best point at each value. A point with a diverged run is a cross at
    the top.
    """
    dataset = with_choosing_metric(dataset)
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    lower = is_drawn_downwards(dataset)
    for position, name in enumerate(dataset.optimizer.values):
        style = line_style(position)
        x, y = read_positions(dataset.sel(optimizer=name), hyperparameter), scores.sel(optimizer=name).values
        x, y = x[~np.isnan(x)], y[~np.isnan(x)]  # the points at which the hyperparameter exists
        axes.plot(x, y, ".", color=style.color, markersize=4, alpha=0.45, zorder=2, label="_points")
        lost = np.unique(x[np.isnan(y)])
        axes.plot(
            lost, np.full(len(lost), 1.02 + 0.028 * position), "x", transform=axes.get_xaxis_transform(),
            color=style.color, markersize=4, clip_on=False, label="_diverged",
        )  # fmt: skip
        known = np.isfinite(y)
        if not known.any():
            continue
        if is_on_grid(dataset):
            values, which = np.unique(x[known], return_inverse=True)
            envelope = np.full(len(values), np.inf if lower else -np.inf)
            (np.minimum if lower else np.maximum).at(envelope, which, y[known])
            axes.plot(values, envelope, linewidth=1.6, zorder=3, label=str(name), **style._asdict())
        winner = np.nanargmin(y) if lower else np.nanargmax(y)
        axes.plot(
            x[winner], y[winner], "o", color=style.color, markerfacecolor="white", markersize=6.5, markeredgewidth=1.5,
            zorder=4, label="_best",
        )  # fmt: skip
    axes.set_ylim(*find_limits(scores))
    use_log_axis(axes, "y")
    _value_axis(axes, dataset, hyperparameter)
    axes.set_xlabel(drawable_name(hyperparameter), **AS_WRITTEN)
    axes.set_ylabel(f"{drawable_name(label)}, {describe_window(dataset, short=True)}", **AS_WRITTEN)
    return axes


def find_varied_hyperparameters(dataset: xr.Dataset) -> list[str]:
    """Return the names of the hyperparameters that have more than one value."""
    columns = {name: read_positions(dataset, name) for name in swept_hyperparameters(dataset)}
    return [name for name, values in columns.items() if len(np.unique(values[~np.isnan(values)])) > 1]


def is_on_grid(dataset: xr.Dataset) -> bool:
    """Say whether the points of a sweep are combinations of some values."""
    return dataset.attrs.get("sampler", "grid") in ("grid", "conditional grid")


def is_logarithmic(dataset: xr.Dataset, hyperparameter: str) -> bool:
    """Say whether the axis of a hyperparameter is logarithmic.

    It is if its range was logarithmic. Where that is not known, it is if all values are above zero and span more than a
    decade.
    """
    scale = json.loads(dataset.attrs.get("scales", "{}")).get(hyperparameter)
    if hyperparameter in read_categories(dataset.attrs):
        return False
    values = dataset[hyperparameter].values
    low, high = np.nanmin(values), np.nanmax(values)
    return bool(low > 0 and high / low > 10) if scale is None else scale == "log"


def _value_axis(axes: Axes, dataset: xr.Dataset, hyperparameter: str) -> None:
    values = read_positions(dataset, hyperparameter)
    categories = read_categories(dataset.attrs).get(hyperparameter)
    if categories:
        axes.set_xticks(range(len(categories)), [drawable_name(label) for label in categories])
        axes.set_xlim(-0.5, len(categories) - 0.5)
    elif is_logarithmic(dataset, hyperparameter):
        axes.set_xlim(np.nanmin(values) / 1.2, np.nanmax(values) * 1.2)
        use_log_axis(axes, "x")
    else:
        axes.margins(x=0.05)
