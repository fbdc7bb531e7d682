"""Statistics of the optimizers of a race, such as the area under the learning curve: one number for each optimizer."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .reporting_runs import badness, from_badness, run_badness, select_reporting_runs
from .targets import default_target, seconds_per_update, steps_to_target


def summary(dataset: xr.Dataset, target: float | None = None) -> xr.Dataset:
    """Return what each optimizer reaches at its chosen rate on the reporting seeds, as variables on (optimizer).

    `final`, `best` and `area` are averages over the runs (geometric if the score is logarithmic): of the score, of the
    best evaluation, and of the mean height of the learning curve, which is the area under it divided by its width. They
    are NaN if a run diverged. `steps_to_target` is the median over the runs, infinite unless more than half of them
    reached the target; `reached` is the share that did. `seconds_to_target` exists if seconds were recorded. The target
    is `default_target` if none is given.
    """
    target = default_target(dataset) if target is None else target
    runs, attributes = select_reporting_runs(dataset), dataset.attrs
    curves = badness(runs[attributes["score"]], attributes)

    def average(level: xr.DataArray) -> xr.DataArray:
        return from_badness(level.mean("seed"), attributes)

    steps = steps_to_target(dataset, target)
    variables = {
        "final": average(run_badness(runs)),
        "best": average(_best(curves)),
        "area": average(_mean_height(curves)),
        "steps_to_target": steps.median("seed"),
        "reached": (steps < np.inf).mean("seed"),
    }
    seconds = seconds_per_update(dataset)
    if seconds is not None:
        variables["seconds_to_target"] = variables["steps_to_target"] * seconds
    return xr.Dataset(variables).reset_coords(drop=True).assign_attrs(target=target)


def _best(curves: xr.DataArray) -> xr.DataArray:
    """The least badness of each run; infinite if it diverged in the end, whatever it reached before."""
    return curves.min("evaluation").where(np.isfinite(curves.isel(evaluation=-1, drop=True)), np.inf)


def _mean_height(curves: xr.DataArray) -> xr.DataArray:
    at = curves.evaluation.values
    if len(at) < 2:
        return curves.isel(evaluation=-1, drop=True)
    left, right = (curves.isel(evaluation=part).drop_vars("evaluation") for part in (slice(None, -1), slice(1, None)))
    widths = xr.DataArray(np.diff(at) / (at[-1] - at[0]), dims="evaluation")
    return ((left + right) / 2 * widths).sum("evaluation")
