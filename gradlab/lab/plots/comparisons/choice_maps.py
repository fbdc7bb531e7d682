"""A heat map of optimizers by a choice, such as a schedule, with the best of each row marked."""

from __future__ import annotations

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from ..._formatting import format_distinct
from ...analysis.drawn_scores import is_drawn_downwards, to_drawn_scores
from ..heat_maps import COLORMAP
from ..lines_and_labels import AS_WRITTEN, drawable_name, find_limits, label_size
from ..matplotlib_settings import INK


def draw_choice_map(axes: Axes, table: xr.Dataset) -> Axes:
    """Draw the best score of each optimizer with each value of a choice, a row for each optimizer.

    `table` is what `gradlab.lab.analysis.statistics.best_by_value` returns. A cell has the score as it is drawn
    elsewhere (an accuracy as an error in percent); brighter is better. The best one of a row has a frame and bold
    letters. "diverged" stands where a run did, and an empty cell where an optimizer has no point with the value.
    """
    table = table.transpose("optimizer", "value")
    scores, _ = to_drawn_scores(table, table.score)
    colors = matplotlib.colormaps[COLORMAP if is_drawn_downwards(table) else COLORMAP.removesuffix("_r")]
    norm = LogNorm(*find_limits(scores))
    axes.imshow(np.ma.masked_invalid(scores.values), aspect="auto", cmap=colors, norm=norm)
    for (row, column), score in np.ndenumerate(scores.values):
        is_best = bool(table.best.values[row, column])
        text, ink = "diverged" * bool(table.exists.values[row, column]), INK
        if np.isfinite(score):
            red, green, blue, _ = colors(norm(score))
            text, ink = format_short(score), "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.45 else "white"
        weight = "bold" if is_best else "normal"
        axes.text(column, row, text, ha="center", va="center", color=ink, size=label_size(), weight=weight)
        if is_best:
            axes.add_patch(Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, fill=False, edgecolor=ink, linewidth=1.2))
    axes.set_xticks(range(table.sizes["value"]), [drawable_name(label) for label in table.label.values], **AS_WRITTEN)
    names = [drawable_name(name) for name in table.optimizer.values]
    axes.set_yticks(range(len(names)), names, **AS_WRITTEN)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xlabel(drawable_name(table.attrs["hyperparameter"].replace("_", " ")), **AS_WRITTEN)
    return axes


def format_short(score: float) -> str:
    """Return a score as it fits into a cell: `0.27`, `12`, `3e-7`."""
    (text,) = format_distinct([score], 2)
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if power else text
