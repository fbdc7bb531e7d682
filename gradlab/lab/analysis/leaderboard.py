"""The leaderboard of a race on one problem, and the scores that it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._results.thinned_curves import find_completed
from .choosing_metric import choosing_metric, with_choosing_metric
from .coordinate_order import sort_axes
from .late_window import late_evaluations
from .shared_ranks import absorb_rounding, competition_ranks

TINY = float(np.finfo(np.float32).tiny)  # the smallest loss that differs from zero on a logarithmic scale

POINTS_AT_A_TIME = 1024  # whose scores are averaged


class Row(NamedTuple):
    """One optimizer: its score on the reporting seeds, at the learning rate that the choosing seeds chose."""

    rank: int  # equals share it
    optimizer: str  # its name, or its label
    score: float  # average over seeds of `final_scores`, geometric if logarithmic; NaN if no rate survived
    spread: float  # standard deviation over seeds, in decades if the score is logarithmic
    best_rate: float  # the learning rate that was chosen
    at_edge: bool  # the best rate is the first or last of the grid, so a better one may lie beyond
    good_decades: float  # width of the range of rates within the tolerance of the best; NaN if rates were stopped early
    good_open: bool  # that range reaches the end of the grid, so it may be wider
    diverged: int  # how many runs diverged, at all rates
    runs: int  # how many runs there were, at all rates
    diverged_at_best: int  # how many of the reporting runs diverged at the best rate
    seconds: float  # of all runs, without compilation; NaN if they are not known


def leaderboard(dataset: xr.Dataset) -> list[Row]:
    """Return a row for each optimizer of a race, best first.

    An optimizer of which a reporting run diverged at the chosen rate comes after all others, and one without a score
    last. Equal optimizers share a rank, and are in the order of their names. Raises ValueError for a Dataset that is
    not of a race.
    """
    require_race(dataset)
    dataset = sort_axes(dataset)
    rows = [_row(dataset.sel(optimizer=name)) for name in dataset.optimizer.values]
    levels = absorb_rounding(to_level(np.array([row.score for row in rows]), dataset.attrs))
    keys = [(2 if np.isnan(row.score) else row.diverged_at_best > 0, level) for row, level in zip(rows, levels)]
    ranked = [row._replace(rank=rank) for row, rank in zip(rows, competition_ranks(keys))]
    return sorted(ranked, key=lambda row: (row.rank, row.optimizer))


def late_scores(dataset: xr.Dataset) -> xr.DataArray:
    """Return the scores at the late evaluations (see `late_window`), in float64; NaN once a run has diverged.

    They are not lower than the floor of the problem, below which rounding decides.
    """
    scores = late_evaluations(dataset)[dataset.attrs["score"]].astype(float)
    floor = dataset.attrs.get("floor", 0.0)
    return scores.copy(data=np.maximum(scores.values, floor)) if floor > 0 else scores


def final_scores(dataset: xr.Dataset) -> xr.DataArray:
    """Return the score of each run: its average over the late evaluations, geometric if the score is logarithmic.

    It is NaN for a run that diverged. Everything that compares or draws the scores of runs takes them from here.
    """
    logarithmic = bool(dataset.attrs["logarithmic"])
    points = dataset.sizes.get("point", 0)
    if points <= POINTS_AT_A_TIME:
        return average(late_scores(dataset), logarithmic, "evaluation")
    # Late scores are many times as large as their averages, so those of all points are not held at once.
    scores = dataset[[dataset.attrs["score"]]]
    parts = [
        final_scores(scores.isel(point=slice(first, first + POINTS_AT_A_TIME)))
        for first in range(0, points, POINTS_AT_A_TIME)
    ]
    whole = scores[dataset.attrs["score"]].isel(evaluation=0, drop=True).transpose(*parts[0].dims)
    return whole.copy(data=np.concatenate([part.values for part in parts], parts[0].dims.index("point")))


def average(scores: xr.DataArray, logarithmic: bool, over: str = "seed") -> xr.DataArray:
    """Return the mean over an axis, geometric if logarithmic; NaN where any of the scores is NaN."""
    if not logarithmic:
        return scores.mean(over, skipna=False)
    return 10.0 ** _decades(scores).mean(over, skipna=False)


def mean_scores(dataset: xr.Dataset) -> xr.DataArray:
    """Return the average over seeds of the scores of the runs. Raises TypeError for anything but a Dataset."""
    require_dataset(dataset)
    return average(final_scores(dataset), bool(dataset.attrs["logarithmic"]))


def spread(scores: xr.DataArray, logarithmic: bool) -> xr.DataArray:
    """Return the standard deviation over seeds, in decades if logarithmic; NaN for fewer than two seeds."""
    values = _decades(scores) if logarithmic else scores
    return values.std("seed", ddof=1) if values.sizes["seed"] > 1 else values.mean("seed") * np.nan


def _decades(scores: xr.DataArray) -> xr.DataArray:
    return scores.copy(data=np.log10(np.maximum(scores.values, TINY)))


def select_role(dataset: xr.Dataset, role: str) -> xr.Dataset:
    """Return the seeds with a role, "choose" or "report"; those that choose have the choosing metric as their score."""
    seeds = dataset.isel(seed=np.isin(dataset.role.values, (role, "both")))
    return with_choosing_metric(seeds) if role == "choose" else seeds


def best_rate_index(dataset: xr.Dataset) -> xr.DataArray:
    """Return the index of the rate with the best average on the choosing seeds, for each optimizer.

    Of equally good rates, it is that of the lowest one. It is -1 if runs diverged at every rate. Raises ValueError for
    a Dataset that is not of a race.
    """
    require_race(dataset)
    chosen = mean_scores(select_role(dataset, "choose"))
    if dataset.sizes["rate"] == 1:
        return xr.where(chosen.isnull().all("rate"), -1, 0).drop_vars("learning_rate", errors="ignore")
    best = chosen.max("rate") if dataset.attrs["higher_is_better"] else chosen.min("rate")
    rates = dataset.learning_rate.where(chosen == best).drop_vars("learning_rate")
    return xr.where(chosen.isnull().all("rate"), -1, rates.fillna(np.inf).argmin("rate"))


def to_badness(scores: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """Return scores so that the lowest is the best, and that of a diverged run, which is NaN, is infinite."""
    return np.where(np.isnan(scores), np.inf, -scores if attributes["higher_is_better"] else scores)


def to_level(scores: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """Return `to_badness` of scores in decades, if they are logarithmic: differences and averages have a meaning."""
    return to_badness(np.log10(np.maximum(scores, TINY)) if attributes["logarithmic"] else scores, attributes)


def keep_metrics(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with the metrics that report and choose alone.

    What is selected from it is a copy, and a copy of all curves would be many times as large.
    """
    names = [dataset.attrs["score"], choosing_metric(dataset.attrs)]
    return dataset[list(dict.fromkeys(name for name in names if name in dataset))]


def require_dataset(dataset: object) -> None:
    """Raise TypeError for anything but a Dataset, such as a dictionary of Datasets by problem."""
    if isinstance(dataset, xr.Dataset):
        return
    hint = ""
    if isinstance(dataset, Mapping) and dataset:
        hint = f"; pass one of its values, such as [{next(iter(dataset))!r}]"
    raise TypeError(f"expected the Dataset of one problem, got {type(dataset).__name__}{hint}")


def require_race(dataset: xr.Dataset) -> None:
    """Raise ValueError for a Dataset without the dimension `rate`, and TypeError for anything but a Dataset."""
    require_dataset(dataset)
    if "rate" not in dataset.dims:
        found = ", ".join(map(str, dataset.dims))
        raise ValueError(
            f"expected the Dataset of a race, with the dimension rate; got one with {found}. "
            "gradlab.lab.analysis.sweep_as_race.as_race makes one of a sweep over a grid with learning rates"
        )


def measure_good_range(rates: np.ndarray, scores: np.ndarray, best: int, attributes: dict) -> tuple[float, bool]:
    """Return the width in decades of the range of good rates, and whether the grid cuts it off.

    A good rate has a score within the tolerance of that of the best rate, and all rates between the two are good.
    Between two rates of the grid, the score is interpolated linearly over the logarithm of the rate (the logarithm of
    the score, if that is logarithmic). Before a rate with NaN, the range ends at the last good rate. `rates` ascend;
    those that are not above zero have no logarithm and are left out.
    """
    if not rates[best] > 0:
        return 0.0, False
    rates, scores, best = rates[rates > 0], scores[rates > 0], best - int((rates[:best] <= 0).sum())
    level = np.log10(np.maximum(scores, TINY)) if attributes["logarithmic"] else scores
    slack = np.log10(attributes["tolerance"]) if attributes["logarithmic"] else attributes["tolerance"]
    loss = -level if attributes["higher_is_better"] else level
    excess = loss - loss[best] - slack  # not above zero where the rate is good
    position = np.log10(rates)
    ends, is_open = [], False
    for step in (-1, 1):
        at = best
        while 0 <= at + step < len(rates) and excess[at + step] <= 0:
            at += step
        end, beyond = position[at], at + step
        if not 0 <= beyond < len(rates):
            is_open = True
        elif np.isfinite(excess[beyond]):
            share = -excess[at] / (excess[beyond] - excess[at])
            end = end + share * (position[beyond] - end)
        ends.append(end)
    return float(ends[1] - ends[0]), is_open


def format_good_range(row: Row) -> str:
    """Return the width of the range of good rates: `1.5`, `>1.5` if it may be wider, `one rate`, or `-`: not known."""
    if np.isnan(row.good_decades):
        return "-"
    if row.good_decades == 0:
        width = "one rate"
    elif row.good_decades < 0.05:
        width = "0.0" if row.good_open else "<0.05"
    else:
        width = f"{row.good_decades:.1f}"
    return f"{'>' * row.good_open}{width}"


def _row(dataset: xr.Dataset) -> Row:
    logarithmic = bool(dataset.attrs["logarithmic"])
    name = str(dataset.optimizer.values)
    runs, diverged = dataset.diverged.size, int(dataset.diverged.sum())
    seconds = float(dataset.run_seconds) if "run_seconds" in dataset else float("nan")
    best = int(best_rate_index(dataset))
    if best < 0:
        nan = float("nan")
        return Row(0, name, nan, nan, nan, False, 0.0, False, diverged, runs, 0, seconds)
    reported = select_role(dataset, "report").isel(rate=best)
    scores = final_scores(reported)
    survivors = scores.dropna("seed")
    has_survivor = survivors.sizes["seed"] > 0
    rates = dataset.learning_rate.values
    curve = average(final_scores(select_role(dataset, "choose")), logarithmic).values
    width, is_open = measure_good_range(rates, curve, best, dataset.attrs)
    if len(rates) > 1 and not find_completed(dataset).all():
        width, is_open = float("nan"), False  # nobody knows how good the rates are that were stopped
    return Row(
        rank=0,
        optimizer=name,
        score=float(average(survivors, logarithmic)) if has_survivor else float("nan"),
        spread=float(spread(survivors, logarithmic)) if has_survivor else float("nan"),
        best_rate=float(rates[best]),
        at_edge=len(rates) > 1 and best in (0, len(rates) - 1),
        good_decades=width,
        good_open=is_open,
        diverged=diverged,
        runs=runs,
        diverged_at_best=int(reported.diverged.sum()),
        seconds=seconds,
    )
