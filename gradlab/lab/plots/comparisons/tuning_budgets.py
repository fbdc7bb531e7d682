"""The expected score over the number of trials of tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from ...analysis.drawn_scores import to_drawn_scores
from ..lines_and_labels import (
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


def draw_tuning_budget(
    axes: Axes,
    budget: xr.Dataset,
    optimizers: Sequence[str] | str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the expected scores of the named optimizers, or of all, and the others in gray.

    The order of the names decides their colors and dashes, so draw the panels of one figure with the same names.
    `colors` maps names to other colors of Matplotlib.

    `budget` is what `gradlab.lab.analysis.statistics.tuning_budget` returns. A line is the mean over the draws of so
    many trials, and its band holds the middle half of the outcomes. Raises UnknownNameError for an optimizer that is
    not there.
    """
    names, of_all = look_up_optimizers(budget, optimizers), budget.optimizer.values.tolist()
    drawn = {name: to_drawn_scores(budget, budget[name])[0] for name in ("expected", "low", "high")}
    label, trials = to_drawn_scores(budget, budget.expected)[1], budget.trials.values
    lines, low, high = (drawn[name].transpose("optimizer", "trials").values for name in ("expected", "low", "high"))
    for name, line in zip(of_all, lines):
        if name not in names:
            axes.plot(trials, line, **CONTEXT_LINE)
    ends = []
    for position, name in enumerate(names):
        style, index = line_style(position, (colors or {}).get(name)), of_all.index(name)
        axes.fill_between(trials, low[index], high[index], color=style.color, alpha=0.13, linewidth=0, zorder=2)
        axes.plot(trials, lines[index], linewidth=1.6, zorder=3, label=name, **style._asdict())
        if np.isfinite(lines[index, -1]):
            ends.append(EndLabel(name, float(trials[-1]), lines[index, -1], style.color))
    axes.set_xlim(1, max(int(trials[-1]), 2))
    axes.set_ylim(*find_limits(drawn["expected"]))
    axes.set_xlabel(f"trials ({budget.attrs['trial']}s)")
    axes.set_ylabel(f"expected {drawable_name(label)}", **AS_WRITTEN)
    use_log_axis(axes, "x")
    use_log_axis(axes, "y")
    axes.xaxis.set_minor_locator(NullLocator())
    label_ends(axes, ends)
    return axes
