"""The runs that count: the reporting seeds at the chosen rate, on a scale on which less is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..axis_order import sort_axes
from ..leaderboard import TINY, best_rate_index, late_scores, select_role


def select_reporting_runs(dataset: xr.Dataset) -> xr.Dataset:
    """The reporting seeds at the rate that each optimizer was best at on the other seeds: no rate axis is left.

    `has_rate` is False for an optimizer of which no rate survived the choosing seeds; its scores are NaN.
    """
    dataset = sort_axes(dataset)
    best = best_rate_index(dataset)
    runs = select_role(dataset, "report").isel(rate=best.clip(0))
    score = dataset.attrs["score"]
    return runs.assign({score: runs[score].where(best >= 0), "has_rate": best >= 0})


def badness(values: xr.DataArray, attributes: Mapping[str, Any]) -> xr.DataArray:
    """Scores as numbers of which less is better and averages mean something: decades if the score is logarithmic.

    A run that diverged (NaN) becomes infinity: the worst there is, which no average can hide.
    """
    level = values.astype(float)
    if attributes["logarithmic"]:
        level = level.copy(data=np.log10(np.maximum(level.values, max(TINY, attributes.get("floor", 0.0)))))
    if attributes["higher_is_better"]:
        level = -level
    return level.fillna(np.inf)


def late_badness(dataset: xr.Dataset) -> xr.DataArray:
    """The badness of all runs at their late evaluations."""
    return badness(late_scores(dataset), dataset.attrs)


def run_badness(dataset: xr.Dataset) -> xr.DataArray:
    """The badness of each run, of its score over the late evaluations."""
    return late_badness(dataset).mean("evaluation").reset_coords(drop=True)


def from_badness(level: xr.DataArray, attributes: Mapping[str, Any]) -> xr.DataArray:
    """The inverse of `badness`: scores, NaN for what diverged."""
    level = level.where(np.isfinite(level))
    if attributes["higher_is_better"]:
        level = -level
    return 10.0**level if attributes["logarithmic"] else level
