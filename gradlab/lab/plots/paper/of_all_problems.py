"""Figures of the results on all problems together."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr
from matplotlib.figure import Figure

from ...analysis.comparison.profiles import performance_profiles
from ...analysis.statistics.aggregates import improvement_probabilities, interquartile_means
from ...analysis.statistics.critical_differences import critical_differences
from ...analysis.statistics.many_problems import tuned_race
from ..comparisons.critical_difference_diagrams import count_rows, draw_critical_differences
from ..comparisons.intervals import draw_improvement, draw_interquartile_means
from ..lines_and_labels import measure_label_room
from ..performance_profiles import draw_performance_profiles
from .frames import Request, make_axes, make_line_figure, make_row_figure

Datasets = Mapping[str, xr.Dataset]


def interquartile_mean(datasets: Datasets, request: Request) -> Figure:
    """Return the figure of the interquartile means."""
    table = interquartile_means(_tune(datasets))
    figure = make_row_figure(lambda axes: draw_interquartile_means(axes, table), table, request)
    figure.axes[0].set_xlabel("interquartile mean")  # what 0 and 1 mean belongs in the caption
    return figure


def improvement(datasets: Datasets, request: Request) -> Figure:
    """Return the figure of the probabilities that the first optimizer is better than each other one."""
    table = improvement_probabilities(_tune(datasets))
    first = str(next(iter(datasets.values())).optimizer.values[0])
    return make_row_figure(lambda axes: draw_improvement(axes, table, first), table, request)


def critical_difference(datasets: Datasets, request: Request) -> Figure:
    """Return the critical-difference diagram."""
    table = critical_differences(_tune(datasets), request.post_hoc)
    room = 0.3 + measure_label_room([str(name) for name in table.optimizer.values])
    height = request.height or 0.45 + 0.2 * count_rows(table)
    figure, axes = make_axes(request.width, height, room, room, 0.05, 0.36)
    draw_critical_differences(axes, table)
    return figure


def performance_profile(datasets: Datasets, request: Request) -> Figure:
    """Return the figure of the performance profiles."""
    figure = make_line_figure(draw_performance_profiles, performance_profiles(_tune(datasets)), request)
    figure.axes[0].set_xlabel("factor of the fewest updates")  # to which target belongs in the caption
    return figure


def _tune(datasets: Datasets) -> dict[str, xr.Dataset]:
    """Return the results as races, those of a sweep or a search at the best point of each optimizer."""
    return {name: tuned_race(dataset) for name, dataset in datasets.items()}
