"""Ranks with their intervals, which overlap where the order is not certain."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..analysis.comparison.rank_intervals import in_rank_order
from .lines_and_labels import AS_WRITTEN, COLORS, CONTEXT, drawable_name


def draw_rank_intervals(axes: Axes, table: xr.Dataset) -> Axes:
    """Draw what `gradlab.lab.analysis.comparison.ranks` returns: a row for each optimizer, the best at the top.

    The dot is its rank on the reporting seeds, and the bar covers those that other seeds and stops could have given.
    """
    ordered = in_rank_order(table)
    names, places = ordered.optimizer.values.tolist(), np.arange(ordered.sizes["optimizer"])
    axes.hlines(places, 1, len(names), color=CONTEXT, linewidth=0.6, zorder=1, label="_row")
    axes.hlines(
        places, ordered.low, ordered.high, color=COLORS[0], linewidth=3.5, alpha=0.45, zorder=2, label="interval"
    )
    axes.plot(ordered["rank"], places, "o", color=COLORS[0], markersize=5, zorder=3, label="rank")
    axes.set_yticks(places, [drawable_name(name) for name in names], **AS_WRITTEN)
    axes.tick_params("y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0.6, len(names) + 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("rank")
    axes.spines["left"].set_visible(False)
    return axes
