"""Targets: how many updates, and seconds, it takes to reach a score."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .comparable_runs import badness, from_badness, run_badness, select_reporting_runs


def default_target(dataset: xr.Dataset) -> float:
    """The median over optimizers of the median over seeds of the scores of runs: half of the optimizers reach it.

    An optimizer reaches it when more than half of its runs do. NaN if too many diverged for that.
    """
    runs = select_reporting_runs(dataset)
    final = run_badness(runs)
    # The worse of the two middle values of an even number: a score that was reached, and not only by a hair's breadth.
    of_runs = np.sort(final.transpose("optimizer", "seed").values)[:, final.sizes["seed"] // 2]
    middle = np.sort(of_runs)[len(of_runs) // 2]
    return float(from_badness(xr.DataArray(middle), dataset.attrs))


def steps_to_target(dataset: xr.Dataset, target: float) -> xr.DataArray:
    """The updates until a reporting run first measured a score as good as the target: float64 on (optimizer, seed).

    Infinite for a run that never did, or that diverged afterwards. It is exact to the distance of the evaluations.
    """
    runs, attributes = select_reporting_runs(dataset), dataset.attrs
    curves = badness(runs[attributes["score"]], attributes)
    if not np.isfinite(target):
        return xr.full_like(curves.isel(evaluation=0, drop=True), np.inf)
    goal = float(badness(xr.DataArray(target), attributes))
    arrived = (curves <= goal + 1e-9) & np.isfinite(curves.isel(evaluation=-1, drop=True))  # 1e-9: one rounding
    at = curves.evaluation.astype(float)
    return at.where(arrived, np.inf).min("evaluation")


def seconds_per_update(dataset: xr.Dataset) -> xr.DataArray | None:
    """The seconds an update of one run took, by optimizer, as its share of the program that ran all of them at once.

    A run by itself takes longer. None where seconds were not recorded.
    """
    if "run_seconds" not in dataset:
        return None
    runs = dataset.diverged.isel(optimizer=0).size
    return dataset.run_seconds / (runs * dataset.sizes["step"])
