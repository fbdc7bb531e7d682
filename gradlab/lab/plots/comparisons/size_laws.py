"""The score over a size, with the law that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ...analysis.statistics.axes.power_law import PowerLaw
from ..lines_and_labels import (
    AS_WRITTEN,
    EndLabel,
    drawable_name,
    find_limits,
    label_ends,
    line_style,
    look_up_optimizers,
    use_log_axis,
)

MOST_TICKS = 8  # sizes that have a tick each


def draw_size_laws(
    axes: Axes,
    laws: xr.Dataset,
    optimizers: Sequence[str] | str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the scores of the named optimizers, or of all, over the size, and the law of each that has one.

    `laws` is one of the Datasets that `gradlab.lab.analysis.statistics.size_laws` returns. A dot is an average over the
    reporting seeds, its bar the interval over other seeds, and a line the law. The order of the names decides the
    colors; `colors` maps names to other colors of Matplotlib. Raises UnknownNameError for an optimizer that is not
    there.
    """
    names, sizes = look_up_optimizers(laws, optimizers), laws["size"].values
    fine, ends = np.geomspace(sizes.min(), sizes.max(), 100), []
    for position, name in enumerate(names):
        style, own = line_style(position, (colors or {}).get(name)), laws.sel(optimizer=name)
        score, low, high = (own[column].values for column in ("score", "low", "high"))
        bars = np.nan_to_num(np.maximum([score - low, high - score], 0.0))
        axes.errorbar(
            sizes, score, bars, fmt="o", color=style.color, markersize=3.5, elinewidth=0.9, zorder=3, label=name
        )
        law = PowerLaw(float(own.factor), float(own.exponent), float(own.offset), float(own.scatter))
        line = law.at(fine)
        axes.plot(fine, line, linewidth=1.4, zorder=2, **style._asdict(), label="_law")
        known = np.flatnonzero(np.isfinite(score))
        if np.isfinite(law.exponent):
            ends.append(EndLabel(name, float(fine[-1]), float(line[-1]), style.color))
        elif len(known):
            ends.append(EndLabel(name, float(sizes[known[-1]]), float(score[known[-1]]), style.color))
    axes.set_xlim(sizes.min() / 1.1, sizes.max() * 1.1)
    axes.set_ylim(*find_limits(laws.sel(optimizer=names)[["score", "low", "high"]].to_dataarray()))
    axes.set_xlabel(drawable_name(laws.attrs["axis"].replace("_", " ")), **AS_WRITTEN)
    axes.set_ylabel(drawable_name(laws.attrs["label"]), **AS_WRITTEN)
    use_log_axis(axes, "x")
    use_log_axis(axes, "y")
    if len(sizes) <= MOST_TICKS:
        axes.xaxis.set_major_locator(FixedLocator(sizes.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    label_ends(axes, ends)
    return axes
