"""The runs that are compared: those of the reporting seeds at the chosen rates, on a scale where less is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..coordinate_order import sort_axes
from ..leaderboard import TINY, best_rate_index, late_scores, select_role


def select_reporting_runs(dataset: xr.Dataset) -> xr.Dataset:
    """Return the runs of the reporting seeds, each optimizer at the rate that the choosing seeds chose: no axis "rate".

    `has_rate` is False for an optimizer that diverged on the choosing seeds at every rate; its scores are NaN.
    """
    dataset = sort_axes(dataset)
    best = best_rate_index(dataset)
    runs = select_role(dataset, "report").isel(rate=best.clip(0))
    score = dataset.attrs["score"]
    return runs.assign({score: runs[score].where(best >= 0), "has_rate": best >= 0})


def badness(values: xr.DataArray, attributes: Mapping[str, Any]) -> xr.DataArray:
    """Return scores on a scale where less is better and averages are meaningful: decades if the score is logarithmic.

    NaN, the score of a run that diverged, becomes infinity: the worst possible, which no average can hide.
    """
    level = values.astype(float)
    if attributes["logarithmic"]:
        level = level.copy(data=np.log10(np.maximum(level.values, max(TINY, attributes.get("floor", 0.0)))))
    if attributes["higher_is_better"]:
        level = -level
    return level.fillna(np.inf)


def late_badness(dataset: xr.Dataset) -> xr.DataArray:
    """Return the badness of all runs at their late evaluations."""
    return badness(late_scores(dataset), dataset.attrs)


def run_badness(dataset: xr.Dataset) -> xr.DataArray:
    """Return the badness of the score of each run, which is its average over the late evaluations."""
    return late_badness(dataset).mean("evaluation").reset_coords(drop=True)


def from_badness(level: xr.DataArray, attributes: Mapping[str, Any]) -> xr.DataArray:
    """Return the scores of values of `badness`: its inverse, with NaN for infinity."""
    level = level.where(np.isfinite(level))
    if attributes["higher_is_better"]:
        level = -level
    return 10.0**level if attributes["logarithmic"] else level
