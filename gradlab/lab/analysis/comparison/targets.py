"""Targets: the updates, and the seconds, that it takes to reach a score."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._results.thinned_curves import count_made_updates
from .reporting_runs import badness, from_badness, run_badness, select_reporting_runs


def default_target(dataset: xr.Dataset) -> float:
    """Return the median over optimizers of the median over seeds of the scores: half of the optimizers reach it.

    An optimizer reaches it if more than half of its runs do. It is NaN if too many runs diverged for that.
    """
    runs = select_reporting_runs(dataset)
    final = run_badness(runs)
    # Of an even number, this is the worse of the two middle values: a score that more than half of the runs reach.
    of_runs = np.sort(final.transpose("optimizer", "seed").values)[:, final.sizes["seed"] // 2]
    middle = np.sort(of_runs)[len(of_runs) // 2]
    return float(from_badness(xr.DataArray(middle), dataset.attrs))


def steps_to_target(dataset: xr.Dataset, target: float, for_good: bool = False) -> xr.DataArray:
    """Return the updates until each reporting run first reached a target, in float64 on (optimizer, seed).

    They are infinite for a run that never reached it, or that diverged afterwards, and exact to the distance between
    evaluations. `for_good` counts until the run has the target and keeps it at every later evaluation: a run that
    passes through it on its way has not arrived.
    """
    runs, attributes = select_reporting_runs(dataset), dataset.attrs
    curves = badness(runs[attributes["score"]], attributes)
    if not np.isfinite(target):
        return xr.full_like(curves.isel(evaluation=0, drop=True), np.inf)
    goal = float(badness(xr.DataArray(target), attributes))
    arrived = (curves <= goal + 1e-9) & np.isfinite(curves.isel(evaluation=-1, drop=True))  # 1e-9 allows for rounding
    if for_good:
        from_here_on = arrived.isel(evaluation=slice(None, None, -1)).cumprod("evaluation")
        arrived = from_here_on.isel(evaluation=slice(None, None, -1)).astype(bool)
    at = curves.evaluation.astype(float)
    return at.where(arrived, np.inf).min("evaluation")


def seconds_per_update(dataset: xr.Dataset) -> xr.DataArray | None:
    """Return the seconds that an update of one run took, for each optimizer; None if seconds were not recorded.

    It is its share of the time of the program that computed all runs at once. A run by itself takes longer.
    """
    if "run_seconds" not in dataset:
        return None
    return dataset.run_seconds / count_made_updates(dataset)
