"""The results of a race on one problem by optimizer, as few numbers that fit into a JSON file."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from ..analysis.leaderboard import (
    average,
    best_rate_index,
    final_scores,
    keep_metrics,
    leaderboard,
    select_role,
)
from ..analysis.sweep_as_race import as_race

Summary = dict[str, Any]


def summarize(dataset: xr.Dataset) -> Summary:
    """Return the scale of the scores, and by optimizer: `rate`, the one that the choosing seeds chose; `scores`, of the
    reporting seeds at it; `good_decades`, the width of the range of good rates, and `good_open`, whether the grid cuts
    it off; `rates`; `curve`, the mean score of all seeds at each rate; `diverged`, the runs that diverged at each rate;
    and `runs`, those at each rate. What diverged has the score None.

    A sweep with other hyperparameters is taken as a race of its combinations.
    """
    if "point" in dataset.dims:
        dataset = as_race(dataset)
    rows = {row.optimizer: row for row in leaderboard(dataset)}
    kept = keep_metrics(dataset)
    logarithmic = bool(dataset.attrs["logarithmic"])
    reported, best = final_scores(select_role(kept, "report")), best_rate_index(dataset)
    curves = average(final_scores(kept), logarithmic)
    found: Summary = {name: dataset.attrs.get(name, 0.0) for name in ("tolerance", "floor")}
    found |= {"label": dataset.attrs["score_label"], "logarithmic": logarithmic}
    found |= {"higher_is_better": bool(dataset.attrs["higher_is_better"]), "optimizers": {}}
    for name in dataset.optimizer.values.tolist():
        own, at = dataset.sel(optimizer=name), int(best.sel(optimizer=name))
        scores = (
            reported.sel(optimizer=name).isel(rate=at).values if at >= 0 else np.full(reported.sizes["seed"], np.nan)
        )
        found["optimizers"][name] = {
            "rate": rows[name].best_rate,
            "scores": scores.tolist(),
            "good_decades": rows[name].good_decades,
            "good_open": rows[name].good_open,
            "rates": own.learning_rate.values.tolist(),
            "curve": curves.sel(optimizer=name).values.tolist(),
            "diverged": own.diverged.sum("seed").values.tolist(),
            "runs": own.sizes["seed"],
        }
    return found


def rounded(value: Any, digits: int = 5) -> Any:
    """Return numbers of any nesting as JSON keeps them: with few significant digits, None for NaN and infinity."""
    if isinstance(value, dict):
        return {str(key): rounded(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [rounded(item, digits) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def reported_scores(problem: Summary, optimizer: str) -> xr.DataArray:
    """Return the scores at the chosen rate, on (seed); NaN where a run diverged."""
    return xr.DataArray(np.array(problem["optimizers"][optimizer]["scores"], float), dims="seed")


def mean_score(problem: Summary, optimizer: str) -> float:
    """Return the mean score at the chosen rate, geometric if logarithmic; NaN if a run diverged."""
    return float(average(reported_scores(problem, optimizer), problem["logarithmic"]))


def score_at(problem: Summary, optimizer: str, rate: float) -> float:
    """Return the mean score of all seeds at the rate of the grid that is nearest to a rate; NaN if a run diverged."""
    own = problem["optimizers"][optimizer]
    score = own["curve"][nearest_rate(own["rates"], rate)]
    return math.nan if score is None else score


def nearest_rate(rates: list[float], rate: float) -> int:
    """Return the index of the rate that is nearest on a logarithmic scale."""
    return int(np.abs(np.log10(rates) - math.log10(rate)).argmin())


def largest_safe_rate(problem: Summary, optimizer: str) -> float:
    """Return the largest rate up to which no run diverged; 0 if one diverged at the lowest."""
    own, largest = problem["optimizers"][optimizer], 0.0
    for rate, diverged in zip(own["rates"], own["diverged"]):
        if diverged:
            break
        largest = rate
    return largest
