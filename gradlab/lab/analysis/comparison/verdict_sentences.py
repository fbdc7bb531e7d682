"""The verdict on the optimizer that ranks first, and how sure that is, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import xarray as xr

from ..._formatting import format_count, join_names
from .rank_intervals import in_rank_order, select_first, select_level_with_first
from .rates_at_edge import limit_by_edges
from .resampling import MINIMUM_SEEDS


def verdict(rows: Sequence[Any], table: xr.Dataset) -> list[str]:
    """Return how sure it is that the first row of a leaderboard comes first, or that no row has a score.

    The sentences also name the optimizers that end no better than they start, those that seem to ignore their learning
    rate, and those of which only the part for other parameters acts here. `rows` are those of `leaderboard` or
    `tuned_leaderboard`, best first, and `table` is what `ranks` returns.
    """
    first = rows[0]
    if math.isnan(first.score):
        if table.attrs["bad_start"]:
            return [f"No optimizer has a score: {table.attrs['bad_start']}."]
        return ["No optimizer has a score, because runs of every one of them diverged.", *table.attrs["remarks"]]
    certainty = describe_certainty(table, first.optimizer)
    return [*certainty, *describe_stuck(table), *describe_places(table, first.optimizer), *table.attrs["remarks"]]


def describe_stuck(table: xr.Dataset) -> list[str]:
    """Return a sentence on the optimizers whose scores are not better than at the start of their runs, if any are."""
    ordered = in_rank_order(table)
    names = ordered.optimizer.values[ordered.is_stuck.values].tolist()
    if not names:
        return []
    end, its = (
        ("ends no better than it starts", "its") if len(names) == 1 else ("end no better than they start", "their")
    )
    return [f"{join_names(names)} {end}: {its} updates may have the wrong sign, or be too large or too small."]


def describe_places(table: xr.Dataset, first: str) -> list[str]:
    """Return the ranks of the optimizers that were raced against baselines, except that of the first one."""
    sentences = []
    for name in table.attrs.get("trained", []):
        own, count = table.sel(optimizer=name), table.sizes["optimizer"]
        between = f", between {int(own.low)} and {int(own.high)} with {100 * table.attrs['confidence']:g} % confidence"
        between += limit_by_edges([name] if own.at_edge else [], against_baselines=True)
        is_known = table.attrs["seeds"] >= MINIMUM_SEEDS
        equals = int((table["rank"] == own["rank"]).sum()) - 1
        verb, beside = ("shares", f" with {format_count(equals, 'other')}") if equals else ("has", "")
        if name != first:
            sentences.append(f"{name} {verb} rank {int(own['rank'])} of {count}{beside}{between * is_known}.")
    return sentences


def describe_certainty(table: xr.Dataset, subject: str = "It") -> list[str]:
    """Return what `ranks` says about the first optimizer, which the sentences call `subject`.

    They say that it comes first only if it is surely ahead of all others, both over other seeds and over other stops
    among the late evaluations. They also name the beaten optimizers whose best rate lies at the end of their grid.
    """
    ordered, equals = in_rank_order(table), select_first(table)[1:]
    first, others, seeds = ordered.isel(optimizer=0), ordered.sizes["optimizer"] - 1, ordered.attrs["seeds"]
    if not others:
        return [f"{subject} is the only optimizer, so there is nothing to compare it with."]
    shared = [f"{subject} shares rank 1 with {join_names(equals)}: the scores are equal."] if equals else []
    leads = _describe_leads(ordered, subject)
    if seeds < MINIMUM_SEEDS:
        too_few = f"{format_count(seeds, 'reporting seed')} {'is' if seeds == 1 else 'are'} too few"
        return [*shared, f"{too_few} to say how sure this rank is: use six seeds or more.", *leads]
    low, high, level = int(first.low), int(first.high), select_level_with_first(table)
    confidence = f"with {100 * table.attrs['confidence']:g} % confidence"
    basis = f"({format_count(seeds, 'seed')}{_describe_stops(table)}){_limit_lead(ordered, level)}"
    if low == high == 1 and not level:
        beaten = {1: str(ordered.optimizer.values[1]), 2: "both others"}.get(others, f"all {others} others")
        sentences = [f"{subject} comes first {confidence}, ahead of {beaten} {basis}."]
    elif low < high:
        sentences = [f"{subject} ranks between {low} and {high} {confidence} {basis}."]
    else:
        sentences = [f"{subject} has rank {low} {confidence} {basis}."]
    return [*shared, *sentences, *_describe_level(ordered, level), *leads]


def _limit_lead(ordered: xr.Dataset, level: list[str]) -> str:
    """Return what limits the lead over the optimizers that the first surely beats: rates at the end of a grid."""
    beaten = ordered.at_edge & (ordered["rank"] > 1) & ~ordered.optimizer.isin(level)
    names = [str(name) for name in ordered.optimizer.values[beaten.values]]
    return limit_by_edges(names, bool(ordered.attrs.get("trained")))


def _describe_stops(table: xr.Dataset) -> str:
    """The stops that the verdict covers; empty if there is only one."""
    first, last = table.attrs["first_update"], table.attrs["last_update"]
    return f", stopped anywhere from update {first} to {last}" if first < last else ""


def _describe_level(ordered: xr.Dataset, level: list[str]) -> list[str]:
    """The optimizers that the first does not surely beat: those next to it, and those that vary too much."""
    names, rank = ordered.optimizer.values.tolist(), ordered["rank"].to_series()
    beaten = [name for name in names if rank[name] > 1 and name not in level]
    below = [name for name in level if beaten and rank[name] > rank[beaten[0]]]
    beside = [name for name in level if name not in below]
    sentences = [f"Its lead over {join_names(beside)} is not certain."] if beside else []
    if below:
        ranked = join_names(f"{name} (rank {rank[name]})" for name in below)
        sentences.append(
            f"Its lead over {ranked} is not certain{' either' if beside else ''}, although it is over some that rank "
            "higher, because that difference varies more."
        )
    return sentences


def _describe_leads(ordered: xr.Dataset, subject: str) -> list[str]:
    """The number of late evaluations at which the first optimizer leads, where there are several."""
    count, share = ordered.attrs["evaluations"], float(ordered.leads[0])
    if count < 2:
        return []
    leads, where = round(share * count), f"evaluations from update {ordered.attrs['first_update']} on"
    is_shared = round(float(ordered.leads.sum()) * count) > count
    verb = "leads or shares the lead" if is_shared else "leads"
    if leads == count:
        return [f"{subject} {verb} at all {count} {where}."]
    return [f"{subject} {verb} at {leads} of the {count} {where}, so the order depends on when training stops."]
