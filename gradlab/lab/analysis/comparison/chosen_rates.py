"""The learning rate that was chosen for each optimizer, with its confidence interval."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._results.thinned_curves import is_pruned
from ..coordinate_order import sort_axes
from ..leaderboard import best_rate_index, select_role
from .reporting_runs import late_badness
from .resampling import MINIMUM_SEEDS, Resampling


def rate_intervals(dataset: xr.Dataset, resampling: Resampling | None = None) -> xr.Dataset:
    """Return the best rate of each optimizer, and those that other choosing seeds, or another stop, could have chosen.

    On (optimizer): `rate`; `low` and `high`, the ends of the interval of the rates chosen on resampled seeds and stops,
    NaN with fewer than three choosing seeds; `share`, the share of the samples in which `rate` is chosen. All are NaN
    if runs diverged at every rate, and all but `rate` if rates were stopped early, because what they would have come to
    is not known.
    """
    dataset = sort_axes(dataset)
    resampling, best = resampling or Resampling(), best_rate_index(dataset)
    choosing = select_role(dataset, "choose")
    seeds = choosing.sizes["seed"]
    levels = late_badness(choosing)
    means = resampling.means(levels.drop_vars(set(levels.coords) - {"optimizer", "seed"}))
    rates = dataset.learning_rate.drop_vars(set(dataset.learning_rate.coords) - {"optimizer"})
    chosen = rates.isel(rate=means.argmin("rate"))
    has_rate = (best >= 0).drop_vars(set(best.coords) - {"optimizer"})
    rate = rates.isel(rate=best.clip(0)).where(has_rate).drop_vars(set(best.coords) - {"optimizer"}, errors="ignore")
    low, high = resampling.interval(chosen, seeds) if seeds >= MINIMUM_SEEDS else (rate * np.nan, rate * np.nan)
    table = {"rate": rate, "low": low, "high": high, "share": (chosen == rate).mean("draw")}
    if is_pruned(dataset) and dataset.sizes["rate"] > 1:
        table |= {name: xr.full_like(rate, np.nan) for name in ("low", "high", "share")}
    return xr.Dataset({name: column.where(has_rate) for name, column in table.items()})
