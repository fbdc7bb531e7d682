"""Interquartile means and probabilities of improvement, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ..lines_and_labels import AS_WRITTEN, COLORS, CONTEXT, drawable_name, look_up_optimizers


def draw_interquartile_means(axes: Axes, means: xr.Dataset, optimizers: Sequence[str] | str | None = None) -> Axes:
    """Draw what `gradlab.lab.analysis.statistics.interquartile_means` returns, the best at the top.

    A dot is the interquartile mean of the named optimizers, or of all, and a bar its interval. Raises UnknownNameError
    for an optimizer that is not there.
    """
    chosen = means.sel(optimizer=look_up_optimizers(means, optimizers)).sortby("mean", ascending=False)
    names = [str(name) for name in chosen.optimizer.values]
    _draw_rows(axes, names, chosen["mean"].values, chosen.low.values, chosen.high.values)
    axes.set_xlabel("interquartile mean (0: untrained, 1: the best average)")
    return axes


def draw_improvement(axes: Axes, probabilities: xr.Dataset, optimizer: str) -> Axes:
    """Draw the probabilities that a run of an optimizer is better than one of each other, with their intervals.

    `probabilities` is what `gradlab.lab.analysis.statistics.improvement_probabilities` returns. A line marks one half.
    Raises UnknownNameError for an optimizer that is not there.
    """
    (name,) = look_up_optimizers(probabilities, optimizer)
    pairs = probabilities.sel(optimizer=name)
    pairs = pairs.isel(other=(pairs.other != name).values).sortby("probability")
    others = [str(other) for other in pairs.other.values]
    _draw_rows(axes, others, pairs.probability.values, pairs.low.values, pairs.high.values)
    axes.axvline(0.5, color=CONTEXT, linewidth=1, zorder=1, label="_half")
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"probability that {drawable_name(name, 24)} is better", **AS_WRITTEN)
    return axes


def _draw_rows(axes: Axes, names: list[str], values: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Draw a dot and a bar for each name, the first at the top."""
    places = np.arange(len(names))
    axes.hlines(places, low, high, color=COLORS[0], linewidth=3.5, alpha=0.45, zorder=2, label="interval")
    axes.plot(values, places, "o", color=COLORS[0], markersize=5, zorder=3, label="value")
    axes.set_yticks(places, [drawable_name(name) for name in names], **AS_WRITTEN)
    axes.tick_params("y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
