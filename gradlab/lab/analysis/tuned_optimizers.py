"""The optimizers of a sweep or a search, each tuned: compared at its best configuration."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import numpy as np
import xarray as xr

from .._settings import Setting, read_categories, read_settings
from .comparison import ranks, verdict
from .comparison.rates_at_edge import describe_edges
from .coordinate_order import RATE
from .leaderboard import keep_metrics, leaderboard, mean_scores, select_role, to_badness
from .sweep_as_race import composition_at, swept_hyperparameters


class TunedRow(NamedTuple):
    """One optimizer at the configuration that the choosing seeds chose, on the reporting seeds."""

    rank: int  # equals share it
    optimizer: str
    hyperparameters: dict[str, Setting]  # those that exist at this point; empty if every point diverged
    score: float  # as in `gradlab.lab.analysis.leaderboard.Row`, and so is the spread
    spread: float
    rank_low: int  # the ranks that other seeds and other stops could have given it
    rank_high: int
    diverged: int  # of the runs at this configuration
    runs: int


def select_best_points(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset of a race in which each optimizer has a single point: its best one on the choosing seeds.

    It is on (optimizer, rate, ...), with one entry on `rate`, where each hyperparameter is a coordinate, and
    `settings` has those of an optimizer as JSON; where no learning rate is a number, `learning_rate` is NaN. Raises
    ValueError for a Dataset that is not of a sweep or a search.
    """
    names = swept_hyperparameters(dataset)
    best = xr.DataArray(_measure_badness(dataset).argmin(1)[:, None], dims=("optimizer", "rate"))
    race = dataset.isel(point=best)
    for variable in race.data_vars:
        if "rate" in race[variable].dims:
            race[variable] = race[variable].transpose("optimizer", "rate", ...)
    found = [read_settings({name: race[name].values[at, 0] for name in names}) for at in range(len(best))]
    race = race.assign_coords(settings=("optimizer", [json.dumps(settings) for settings in found]))
    if RATE not in names or RATE in read_categories(dataset.attrs):
        race = race.assign_coords({RATE: (("optimizer", "rate"), np.full(best.shape, np.nan))})
    if "composition" in dataset.coords:
        points = dataset.drop_vars(list(dataset.data_vars))  # the curves need not be copied for this
        compositions = [
            composition_at(points.isel(optimizer=[index]), str(name), found[index])
            for index, name in enumerate(dataset.optimizer.values)
        ]
        race = race.assign_coords(composition=("optimizer", compositions))
    return race


def _measure_badness(dataset: xr.Dataset) -> np.ndarray:
    """Return on (optimizer, point) by what the best point is chosen: the lowest is the best, and infinite diverged."""
    scores = mean_scores(select_role(keep_metrics(dataset), "choose")).transpose("optimizer", "point").values
    return to_badness(scores, dataset.attrs)


def describe_rates_at_edge(dataset: xr.Dataset) -> list[str]:
    """Return a sentence on the optimizers whose best point has the lowest or the highest of several learning rates.

    It is left out if there are none.
    """
    if RATE not in swept_hyperparameters(dataset) or RATE in read_categories(dataset.attrs):
        return []
    badness, rates = _measure_badness(dataset), dataset[RATE].transpose("optimizer", "point").values
    names = []
    for name, own_badness, own_rates in zip(dataset.optimizer.values, badness, rates, strict=True):
        tried = np.unique(own_rates[~np.isnan(own_rates)])  # a rate may exist under a condition only
        best = own_badness.argmin()
        if len(tried) > 1 and np.isfinite(own_badness[best]) and own_rates[best] in (tried[0], tried[-1]):
            names.append(str(name))
    if not names:
        return []
    is_grid = "grid" in dataset.attrs.get("sampler", "grid")
    edges = describe_edges(names, is_grid)
    wider = "grid, --set learning_rate=log:LOW:HIGH:COUNT" if is_grid else "range, --set learning_rate=log:LOW:HIGH"
    return [f"{edges[0].upper()}{edges[1:]}; take a wider {wider}."]


def hyperparameters_of(race: xr.Dataset, optimizer: str) -> dict[str, Setting]:
    """Return the hyperparameters of one optimizer in what `select_best_points` returns."""
    return dict(json.loads(race.settings.sel(optimizer=optimizer).item()))


def tuned_leaderboard(dataset: xr.Dataset) -> tuple[list[TunedRow], list[str]]:
    """Return a row for each optimizer of a sweep or a search, best first, and the verdict on the first in sentences.

    The last sentence names the optimizers whose best learning rate lies at the end of those that were tried.
    """
    race = select_best_points(dataset)
    board = leaderboard(race)
    table, rows = ranks(race, rows=board), []
    for row in board:
        own, place = race.sel(optimizer=row.optimizer), table.sel(optimizer=row.optimizer)
        has_survivor = not math.isnan(row.score) or row.diverged_at_best > 0
        hyperparameters = hyperparameters_of(race, row.optimizer) if has_survivor else {}
        rows.append(
            TunedRow(
                row.rank, row.optimizer, hyperparameters, row.score, row.spread,
                int(place.low), int(place.high), int(own.diverged.sum()), own.diverged.size,
            )
        )  # fmt: skip
    return rows, [*verdict(rows, table), *describe_rates_at_edge(dataset)]
