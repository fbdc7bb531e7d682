"""Ranks, and how sure they are."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..leaderboard import leaderboard
from .resampling import MINIMUM_SEEDS, Resampling
from .runs import badness, from_badness, reported


def ranks(dataset: xr.Dataset, resampling: Resampling | None = None) -> xr.Dataset:
    """The rank of each optimizer on the reporting seeds, with the interval that resampled seeds leave it.

    On (optimizer): `rank`, as on the leaderboard; `low` and `high`, the ends of its interval, in which a tie counts
    for both sides; `score_low` and `score_high`, the interval of the average score (`low` in value, NaN where runs
    diverged); `first`, the share of the samples in which nothing is better. On (optimizer, other): `beats`, the share
    of the samples in which the optimizer's average is the better one, a tie counting one half; `wins`, the share of
    the seeds themselves; `surely`, whether it is better in all samples but the tail. With fewer than three reporting
    seeds nothing is sure: every interval is the whole table.

    The rate is held where it was chosen; `rate_intervals` says how sure that choice is. Intervals and verdicts are of
    each optimizer, or pair, by itself: among many, some are wrong by chance.
    """
    resampling = resampling or Resampling()
    runs, attributes = reported(dataset), dataset.attrs
    final = runs[attributes["score"]].isel(evaluation=-1)
    final = badness(final.drop_vars(set(final.coords) - {"optimizer", "seed"}), attributes)
    seeds, count = final.sizes["seed"], final.sizes["optimizer"]
    means = resampling.means(final)
    other = means.rename(optimizer="other")
    better, tied = means < other, means == other  # (draw, optimizer, other)
    ahead, level = (means > other).sum("other"), tied.sum("other")
    in_seeds = final.rename(optimizer="other")
    variables: dict[str, xr.DataArray] = {
        "first": (ahead == 0).mean("draw"),
        "beats": (better + 0.5 * tied).mean("draw"),
        "wins": ((final < in_seeds) + 0.5 * (final == in_seeds)).mean("seed"),
    }
    if seeds < MINIMUM_SEEDS:
        nothing = xr.full_like(variables["first"], np.nan)
        variables |= {"low": nothing.fillna(1).astype(int), "high": nothing.fillna(count).astype(int)}
        variables |= {"score_low": nothing, "score_high": nothing}
        variables["surely"] = xr.zeros_like(variables["beats"], dtype=bool)
    else:
        variables["low"] = resampling.interval(ahead + 1, seeds)[0].astype(int)
        variables["high"] = resampling.interval(ahead + level, seeds)[1].astype(int)
        ends = [from_badness(end, attributes) for end in resampling.interval(means, seeds)]
        variables["score_low"], variables["score_high"] = ends[::-1] if attributes["higher_is_better"] else ends
        variables["surely"] = (~better).mean("draw") <= resampling.tail(seeds)
    order = {row.optimizer: row.rank for row in leaderboard(dataset)}
    variables["rank"] = xr.DataArray([order[str(name)] for name in dataset.optimizer.values], dims="optimizer")
    return xr.Dataset(variables).assign_attrs(seeds=seeds, confidence=resampling.confidence, draws=resampling.draws)


def level_with_the_first(table: xr.Dataset) -> list[str]:
    """The optimizers, by rank, that the first of the leaderboard does not surely beat; without itself."""
    ordered = table.sortby("rank")
    first, *others = ordered.optimizer.values.tolist()
    surely = table.surely.sel(optimizer=first)
    return [name for name in others if not bool(surely.sel(other=name))]
