"""The best score of each optimizer at each value of a hyperparameter: at each schedule, for example."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...._formatting import format_distinct, join_at_most
from ...._inputs.name_lookup import look_up
from ...._settings import read_categories, read_positions
from ...leaderboard import average, final_scores, keep_metrics, mean_scores, select_role, to_badness
from ...sweep_as_race import swept_hyperparameters

MOST_VALUES = 24  # of a hyperparameter whose values are told apart


def select_best_by_value(dataset: xr.Dataset, hyperparameter: str) -> xr.Dataset:
    """Return the reporting runs of each optimizer at its best point with each value of a hyperparameter.

    The best of the points with a value is that of the choosing seeds, as everywhere. It is on (optimizer, value, ...),
    with the values in ascending order, or those of a choice in their own. `exists` is False where an optimizer has no
    point with that value. The score is NaN there, and where a choosing run of each point diverged or was stopped early.

    Raises UnknownNameError for a hyperparameter that was not swept, and ValueError for a Dataset that is not of a sweep
    or a search, and for more than 24 values.
    """
    look_up(hyperparameter, {name: name for name in swept_hyperparameters(dataset)}, "hyperparameter of these results")
    positions = read_positions(dataset, hyperparameter)
    values = np.unique(positions[~np.isnan(positions)])
    if len(values) > MOST_VALUES:
        raise ValueError(f"{hyperparameter} has {len(values):,} values; at most {MOST_VALUES} can be told apart")
    kept = keep_metrics(dataset)
    chosen = mean_scores(select_role(kept, "choose")).transpose("optimizer", "point").values
    has_value = positions[:, None, :] == values[:, None]  # (optimizer, value, point)
    levels = np.where(has_value, to_badness(chosen, dataset.attrs)[:, None, :], np.inf)
    dims = ("optimizer", "value")
    runs = select_role(kept, "report").isel(point=xr.DataArray(levels.argmin(-1), dims=dims))
    is_known = xr.DataArray(np.isfinite(levels.min(-1)), dims=dims)
    score = dataset.attrs["score"]
    categories = read_categories(dataset.attrs).get(hyperparameter)
    labels = format_distinct(values.tolist()) if categories is None else [categories[int(value)] for value in values]
    return runs.assign({score: runs[score].where(is_known), "exists": (dims, has_value.any(-1))}).assign_coords(
        value=values, label=("value", labels)
    )


def best_by_value(dataset: xr.Dataset, hyperparameter: str | None = None) -> xr.Dataset:
    """Return the best score of each optimizer at each value of a hyperparameter, and the best value of each optimizer.

    `hyperparameter` may be left out if the study has one choice between names, or if it varies one alone.

    On (optimizer, value): `score`, the average over the reporting seeds at the point that the choosing seeds chose
    among those with the value; NaN if a run diverged there, or if no point of the optimizer has the value, where
    `exists` is False; `best`, whether the score is the best one of its optimizer, which is no test of a difference.
    `label` is the text of a value, and the attribute `hyperparameter` the name. Raises as `select_best_by_value` does.
    """
    name = _find_choice(dataset) if hyperparameter is None else hyperparameter
    runs = select_best_by_value(dataset, name)
    score = average(final_scores(runs), bool(dataset.attrs["logarithmic"])).transpose("optimizer", "value")
    levels = to_badness(score.values, dataset.attrs)
    best = np.isfinite(levels) & (levels == levels.min(1, keepdims=True))
    table = xr.Dataset({"score": score, "best": (score.dims, best), "exists": runs.exists})
    return table.assign_attrs(dataset.attrs | {"hyperparameter": name})


def _find_choice(dataset: xr.Dataset) -> str:
    """Return the only choice of a study, or its only hyperparameter that varies."""
    names = swept_hyperparameters(dataset)
    choices = [name for name in names if name in read_categories(dataset.attrs)] or names
    if len(choices) == 1:
        return choices[0]
    raise ValueError(f"there are several hyperparameters, {join_at_most(choices)}; name one of them as the axis")
