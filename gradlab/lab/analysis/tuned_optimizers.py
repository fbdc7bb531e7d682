"""The optimizers of a sweep or a search, each at its best configuration: tuned against tuned."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
import xarray as xr

from .axis_order import RATE
from .comparison import ranks, verdict
from .leaderboard import leaderboard, mean_scores, select_role
from .sweep_as_race import composition_at, swept_hyperparameters


class TunedRow(NamedTuple):
    """One optimizer at the configuration that the choosing seeds chose, on the reporting seeds."""

    rank: int
    optimizer: str
    hyperparameters: dict[str, float]  # empty if every point diverged
    score: float  # as of `gradlab.lab.analysis.leaderboard.Row`
    spread: float
    rank_low: int  # the ranks that other seeds and other stops could have given it
    rank_high: int
    diverged: int  # of the runs at this configuration
    runs: int


def select_best_points(dataset: xr.Dataset) -> xr.Dataset:
    """The Dataset of a race in which each optimizer has one entry: its best point on the seeds for choosing.

    It is on (optimizer, rate, ...), with one place on `rate`, and each hyperparameter is a coordinate there; where no
    learning rate was swept, `learning_rate` is NaN. All hyperparameters that were swept are tuned, over all points.
    Raises ValueError for a Dataset of no sweep and no search.
    """
    names = swept_hyperparameters(dataset)
    scores = mean_scores(select_role(dataset, "choose")).transpose("optimizer", "point").values
    badness = np.where(np.isnan(scores), np.inf, -scores if dataset.attrs["higher_is_better"] else scores)
    best = xr.DataArray(badness.argmin(1)[:, None], dims=("optimizer", "rate"))
    found = dataset.isel(point=best)
    for variable in found.data_vars:
        if "rate" in found[variable].dims:
            found[variable] = found[variable].transpose("optimizer", "rate", ...)
    if RATE not in names:
        found = found.assign_coords({RATE: (("optimizer", "rate"), np.full(best.shape, np.nan))})
    if "composition" in dataset.coords:
        made = [
            composition_at(dataset.isel(optimizer=[index]), str(name), hyperparameters_of(found, str(name)))
            for index, name in enumerate(dataset.optimizer.values)
        ]
        found = found.assign_coords(composition=("optimizer", made))
    return found


def hyperparameters_of(race: xr.Dataset, optimizer: str) -> dict[str, float]:
    """The hyperparameters of one optimizer in what `tuned` gave."""
    own = race.sel(optimizer=optimizer)
    return {name: float(own[name].values.item()) for name in json.loads(race.attrs["hyperparameters"])}


def tuned_leaderboard(dataset: xr.Dataset) -> tuple[list[TunedRow], list[str]]:
    """The optimizers of a sweep or a search, best first, and the verdict on the first one in sentences."""
    race = select_best_points(dataset)
    table, rows = ranks(race), []
    for row in leaderboard(race):
        own, place = race.sel(optimizer=row.optimizer), table.sel(optimizer=row.optimizer)
        has_survivor = not math.isnan(row.score) or row.diverged_at_best > 0
        hyperparameters = hyperparameters_of(race, row.optimizer) if has_survivor else {}
        rows.append(
            TunedRow(
                row.rank, row.optimizer, hyperparameters, row.score, row.spread,
                int(place.low), int(place.high), int(own.diverged.sum()), own.diverged.size,
            )
        )  # fmt: skip
    return rows, verdict(rows, table)
