"""Learning curves: the score over the updates, at the learning rate that was chosen for each optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ..analysis.coordinate_order import sort_axes
from ..analysis.drawn_scores import to_drawn_scores
from ..analysis.leaderboard import best_rate_index, select_role
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


def draw_learning_curves(
    axes: Axes,
    dataset: xr.Dataset,
    optimizers: Sequence[str] | str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the learning curves of the named optimizers, or of all, and the others in gray.

    The order of the names decides their colors and dashes, so draw the panels of one figure with the same names.
    `colors` maps names to other colors of Matplotlib.

    A line is the median over the reporting seeds, and a band lies between their quartiles. Each optimizer runs at the
    learning rate that was best on the choosing seeds. Raises UnknownNameError for an optimizer that is not there.
    """
    dataset = sort_axes(dataset)
    names = look_up_optimizers(dataset, optimizers)
    values, label = to_drawn_scores(dataset, dataset[dataset.attrs["score"]])
    reported = select_role(dataset.assign(shown=values), "report").shown
    best = best_rate_index(dataset)
    at_best = reported.isel(rate=best.clip(0)).where(best >= 0)
    at = dataset.evaluation.values
    of_all = dataset.optimizer.values.tolist()
    has_best = dict(zip(of_all, (best >= 0).values.tolist()))
    # Those of all optimizers at once: xarray takes a millisecond to select one.
    medians = at_best.median("seed", skipna=False).transpose("optimizer", ...)
    quartiles = at_best.quantile((0.25, 0.5, 0.75), "seed", skipna=False).transpose("optimizer", "quantile", ...).values
    for name, median in zip(of_all, medians.values):
        if name not in names and has_best[name]:
            axes.plot(at, median, **CONTEXT_LINE)
    ends = []
    for position, name in enumerate(names):
        if not has_best[name]:
            continue
        lower, median, upper = quartiles[of_all.index(name)]
        style = line_style(position, (colors or {}).get(name))
        axes.fill_between(at, lower, upper, color=style.color, alpha=0.13, linewidth=0, zorder=2)
        axes.plot(at, median, linewidth=1.6, zorder=3, label=name, **style._asdict())
        known = np.flatnonzero(np.isfinite(median))
        if len(known):
            ends.append(EndLabel(name, at[known[-1]], median[known[-1]], style.color))
    axes.set_xlim(0, at[-1])
    axes.set_ylim(*find_limits(medians))
    axes.set_xlabel("updates")
    axes.set_ylabel(drawable_name(label), **AS_WRITTEN)
    use_log_axis(axes, "y")
    label_ends(axes, ends)
    return axes
