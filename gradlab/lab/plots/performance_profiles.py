"""Performance profiles: how often an optimizer is nearly as fast as the fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from .lines_and_labels import CONTEXT_LINE, EndLabel, label_ends, line_style, use_log_axis


def draw_performance_profiles(
    axes: Axes,
    profiles: xr.Dataset,
    optimizers: Sequence[str] | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the profiles of the named optimizers, or of all, and the others in gray.

    `profiles` is what `gradlab.lab.analysis.comparison.performance_profiles` returns. The height at 1 is the share of
    the cases in which an optimizer was the fastest, and the height at the right the share in which it reached the
    target. The order of the names decides their colors and dashes; `colors` maps names to other colors of Matplotlib.
    """
    chosen = [str(name) for name in (profiles.optimizer.values if optimizers is None else optimizers)]
    factors = profiles.factor.values
    right = max(factors[-1] * 1.08, 2.0)
    x = np.append(factors, right)
    ends = []
    for name in profiles.optimizer.values.tolist():
        y = profiles.profile.sel(optimizer=name).values
        if name not in chosen:
            axes.step(x, np.append(y, y[-1]), where="post", **CONTEXT_LINE)
    for position, name in enumerate(chosen):
        y, style = profiles.profile.sel(optimizer=name).values, line_style(position, (colors or {}).get(name))
        axes.step(x, np.append(y, y[-1]), where="post", linewidth=1.6, zorder=3, label=name, **style._asdict())
        ends.append(EndLabel(name, right, y[-1], style.color))
    axes.set_xlim(1, right)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("updates to the target, as a factor of the fewest")
    axes.set_ylabel("share of the cases")
    use_log_axis(axes, "x")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if round(value, 9) in (2, 3, 5) else "")
    label_ends(axes, ends)
    return axes
