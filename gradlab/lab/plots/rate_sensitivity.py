"""Sensitivity: the score against the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .._results.thinned_curves import find_completed
from ..analysis.choosing_metric import with_choosing_metric
from ..analysis.coordinate_order import sort_axes
from ..analysis.drawn_scores import to_drawn_scores
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import best_rate_index, mean_scores, require_race
from .lines_and_labels import (
    AS_WRITTEN,
    CONTEXT_LINE,
    EndLabel,
    drawable_name,
    find_limits,
    label_ends,
    line_style,
    look_up_optimizers,
    use_log_axis,
)


def draw_sensitivity(
    axes: Axes,
    dataset: xr.Dataset,
    optimizers: Sequence[str] | str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the score at each learning rate of the named optimizers, or of all, and the others in gray.

    The order of the names decides their colors and dashes, so draw the panels of one figure with the same names.
    `colors` maps names to other colors of Matplotlib.

    A score is the average of the choosing metric over all seeds. A dot marks the chosen rate. A cross at the top marks
    a rate at which a run diverged, so that there is no average. A rate that was stopped early is not
    drawn. Raises ValueError for a Dataset that is not of a race.
    """
    require_race(dataset)
    dataset = sort_axes(dataset)
    names = look_up_optimizers(dataset, optimizers)
    best = best_rate_index(dataset)
    dataset = with_choosing_metric(dataset)
    scores, label = to_drawn_scores(dataset, mean_scores(dataset))
    # Those of all optimizers at once: xarray takes a millisecond to select one.
    columns = dataset.learning_rate, scores, find_completed(dataset), best
    rows = zip(*(column.transpose("optimizer", ...).values for column in columns))
    of_all = dict(zip(dataset.optimizer.values.tolist(), rows))
    for name, (x, y, _, _) in of_all.items():
        if name not in names:
            axes.plot(x, y, **CONTEXT_LINE)
    ends = []
    for position, name in enumerate(names):
        style, (x, y, is_completed, index) = line_style(position, (colors or {}).get(name)), of_all[name]
        axes.plot(x, y, linewidth=1.6, zorder=3, label=name, **style._asdict())
        if index >= 0:
            axes.plot(x[index], y[index], "o", color=style.color, markersize=5.5, zorder=4, label="_best")
        lost = x[np.isnan(y) & is_completed]
        height = 1.02 + 0.028 * position  # a row of its own above the frame
        if len(lost):  # a line without points takes room at a corner of the figure from layouts
            axes.plot(
                lost, np.full(len(lost), height), "x", transform=axes.get_xaxis_transform(), color=style.color,
                markersize=4, clip_on=False, label="_diverged",
            )  # fmt: skip
        known = np.flatnonzero(np.isfinite(y))
        if len(known):
            ends.append(EndLabel(name, x[known[-1]], y[known[-1]], style.color))
    own = np.array([of_all[name][0] for name in names])
    own = own[own > 0]  # others have no place on a logarithmic axis
    if own.size:
        axes.set_xlim(own.min() / 1.2, own.max() * 1.2)
    axes.set_ylim(*find_limits(scores))
    axes.set_xlabel("learning rate")
    axes.set_ylabel(f"{drawable_name(label)}, {describe_window(dataset, short=True)}", **AS_WRITTEN)
    use_log_axis(axes, "x")
    use_log_axis(axes, "y")
    label_ends(axes, ends)
    return axes
