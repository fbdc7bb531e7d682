"""The ranks of the optimizers of a race, with their confidence intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from ...problems.default_groups import describe_default_groups
from ..first_values import describe_bad_start
from ..ignored_rates import describe_ignored_rates
from ..late_window import window_bounds
from ..leaderboard import Row, leaderboard, require_race
from .reporting_runs import badness, from_badness, late_badness, select_reporting_runs
from .resampling import MINIMUM_SEEDS, Resampling


def ranks(dataset: xr.Dataset, resampling: Resampling | None = None, rows: Sequence[Row] | None = None) -> xr.Dataset:
    """Return the rank of each optimizer on the reporting seeds, with the interval over other seeds and stops.

    Each sample draws other seeds and stops at one of the late evaluations (see `Resampling`). `rows` are those of the
    leaderboard, if the caller has them. On (optimizer):

    - `rank`, as on the leaderboard, where equals share a rank;
    - `low` and `high`, the ends of the interval of ranks, in which a tie counts as both places;
    - `score_low` and `score_high`, the interval of the average score over other seeds alone, the lower value first;
      NaN where runs diverged;
    - `first`, the share of the samples in which no optimizer is better;
    - `leads`, the share of the late evaluations at which no other optimizer has a better average over the actual seeds;
    - `at_edge`, True if the chosen rate is the first or the last of the grid;
    - `is_stuck`, True if no run diverged, and the average score is not better than at the start of the same runs.

    On (optimizer, other):

    - `beats`, the share of the samples in which the optimizer has the better average; a tie counts one half;
    - `wins`, the same share of the actual seeds;
    - `surely`, True if it is better in all samples but the tail, both over other seeds and stops and over other seeds
      alone.

    With fewer than three reporting seeds nothing is sure, and every interval is the whole table. The rate stays at the
    one that was chosen; `rate_intervals` says how sure that choice is. Each interval, and each entry of `surely`, is a
    statement about one optimizer or one pair: among many, some are wrong by chance.
    """
    require_race(dataset)
    resampling = resampling or Resampling()
    runs, attributes = select_reporting_runs(dataset), dataset.attrs
    levels = late_badness(runs)
    levels = levels.drop_vars(set(levels.coords) - {"optimizer", "seed"})
    final = levels.mean("evaluation")
    seeds, count = final.sizes["seed"], final.sizes["optimizer"]
    means, over_seeds = resampling.means(levels), resampling.means(final)
    other = means.rename(optimizer="other")
    at_each = levels.mean("seed").round(12)
    better, tied = means < other, means == other  # (draw, optimizer, other)
    ahead, level = (means > other).sum("other"), tied.sum("other")
    final = final.round(12)
    in_seeds = final.rename(optimizer="other")
    board = {row.optimizer: row for row in rows or leaderboard(dataset)}
    ordered = [board[str(name)] for name in dataset.optimizer.values]
    rank = xr.DataArray([row.rank for row in ordered], dims="optimizer")
    variables: dict[str, xr.DataArray] = {
        "first": (ahead == 0).mean("draw"),
        "leads": (at_each <= at_each.min("optimizer")).mean("evaluation"),
        "at_edge": xr.DataArray([row.at_edge for row in ordered], dims="optimizer"),
        "is_stuck": _find_stuck(runs, final),
        "beats": (better + 0.5 * tied).mean("draw"),
        "wins": ((final < in_seeds) + 0.5 * (final == in_seeds)).mean("seed"),
    }
    if seeds < MINIMUM_SEEDS:
        nothing = xr.full_like(variables["first"], np.nan)
        variables |= {"low": nothing.fillna(1).astype(int), "high": nothing.fillna(count).astype(int)}
        variables |= {"score_low": nothing, "score_high": nothing}
        variables["surely"] = xr.zeros_like(variables["beats"], dtype=bool)
    else:
        variables["low"] = resampling.interval(ahead + 1, seeds)[0].astype(int).clip(max=rank)
        variables["high"] = resampling.interval(ahead + level, seeds)[1].astype(int).clip(min=rank)
        ends = [from_badness(end, attributes) for end in resampling.interval(over_seeds, seeds)]
        variables["score_low"], variables["score_high"] = ends[::-1] if attributes["higher_is_better"] else ends
        worse = over_seeds >= over_seeds.rename(optimizer="other")
        tail = resampling.tail(seeds)
        variables["surely"] = ((~better).mean("draw") <= tail) & (worse.mean("draw") <= tail)
    first, last = window_bounds(dataset)
    return xr.Dataset(variables | {"rank": rank}).assign_attrs(
        seeds=seeds, confidence=resampling.confidence, draws=resampling.draws, evaluations=levels.sizes["evaluation"],
        first_update=first, last_update=last, trained=json.loads(attributes.get("trained", "[]")),
        remarks=[*describe_ignored_rates(dataset), *describe_default_groups(attributes)],
        bad_start=describe_bad_start(dataset),
    )  # fmt: skip


def _find_stuck(runs: xr.Dataset, final: xr.DataArray) -> xr.DataArray:
    """Say of each optimizer whether its runs survive and end no better than they start, on average over the seeds."""
    first = runs[runs.attrs["score"]].isel(evaluation=int(runs.evaluation.values.argmin()), drop=True)
    start, end = badness(first, runs.attrs).mean("seed").round(12), final.mean("seed")
    return ((end < np.inf) & (end >= start)).reset_coords(drop=True)


def in_rank_order(table: xr.Dataset) -> xr.Dataset:
    """Return what `ranks` returns in the order of the leaderboard: by rank, and equals by name."""
    return table.sortby(["rank", "optimizer"])


def select_first(table: xr.Dataset) -> list[str]:
    """Return the optimizers that share the first rank, or the only one that has it."""
    names = table.optimizer.values[table["rank"].values == 1]
    return sorted(map(str, names))


def select_level_with_first(table: xr.Dataset) -> list[str]:
    """Return the optimizers, by rank, that some of the first of the leaderboard does not surely beat."""
    first = select_first(table)
    surely = table.surely.sel(optimizer=first).all("optimizer")
    names = in_rank_order(table).optimizer.values.tolist()
    return [name for name in names if name not in first and not bool(surely.sel(other=name))]
