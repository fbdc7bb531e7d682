"""Effects: the score against one hyperparameter of a sweep or a search, whatever the others are."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .._results.thinned_curves import find_completed
from .._settings import read_categories, read_positions
from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.drawn_scores import is_drawn_downwards, to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import mean_scores
from ..analysis.sweep_as_race import swept_hyperparameters
from .lines_and_labels import AS_WRITTEN, drawable_name, find_limits, line_style, use_log_axis

MOST_CHOICES = 12  # whole numbers that are drawn as a choice


def draw_effect(axes: Axes, dataset: xr.Dataset, hyperparameter: str) -> Axes:
    """Draw each point of a sweep or a search at its value of a hyperparameter.

    The height of a point is the average of the choosing metric over all seeds. Every optimizer has a ring around its
    best point and, on a grid, a line through the best point at each value. A point with a diverged run is a cross at
    the top, and one that was stopped early is not drawn.
    """
    dataset = with_choosing_metric(dataset)
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    lower, completed = is_drawn_downwards(dataset), find_completed(dataset)
    for position, name in enumerate(dataset.optimizer.values):
        style = line_style(position)
        x, y = read_positions(dataset.sel(optimizer=name), hyperparameter), scores.sel(optimizer=name).values
        is_drawn = ~np.isnan(x) & completed.sel(optimizer=name).values  # where the hyperparameter exists
        x, y = x[is_drawn], y[is_drawn]
        if is_choice(dataset, hyperparameter) and not is_on_grid(dataset):
            x = x + _spread(len(x))
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


def is_choice(dataset: xr.Dataset, hyperparameter: str) -> bool:
    """Say whether a hyperparameter is a choice between names, or has a few whole numbers as its values."""
    return hyperparameter in read_categories(dataset.attrs) or (
        not is_logarithmic(dataset, hyperparameter) and bool(_find_whole_values(dataset, hyperparameter))
    )


def label_choices(dataset: xr.Dataset, hyperparameter: str) -> dict[float, str]:
    """Return the labels of the values of a choice by the places where they are drawn."""
    names = read_categories(dataset.attrs).get(hyperparameter)
    if names is not None:
        return {float(place): drawable_name(name) for place, name in enumerate(names)}
    return {value: f"{value:g}" for value in _find_whole_values(dataset, hyperparameter)}


def _find_whole_values(dataset: xr.Dataset, hyperparameter: str) -> list[float]:
    """Return the values of a hyperparameter if they are at most twelve whole numbers, or else an empty list."""
    values = np.unique(dataset[hyperparameter].values)
    values = values[~np.isnan(values)]
    return values.tolist() if len(values) <= MOST_CHOICES and (values % 1 == 0).all() else []


def _spread(count: int) -> np.ndarray:
    """Return small distances to both sides, so that points of one value can be told apart; the same ones every time."""
    return 0.3 * (np.arange(count) * 0.618034 % 1 - 0.5)  # the golden ratio fills the space evenly


def _value_axis(axes: Axes, dataset: xr.Dataset, hyperparameter: str) -> None:
    values = read_positions(dataset, hyperparameter)
    if is_choice(dataset, hyperparameter):
        labels = label_choices(dataset, hyperparameter)
        axes.set_xticks([*labels], [*labels.values()])
        axes.set_xlim(min(labels) - 0.5, max(labels) + 0.5)
    elif is_logarithmic(dataset, hyperparameter):
        axes.set_xlim(np.nanmin(values) / 1.2, np.nanmax(values) * 1.2)
        use_log_axis(axes, "x")
    else:
        axes.margins(x=0.05)
