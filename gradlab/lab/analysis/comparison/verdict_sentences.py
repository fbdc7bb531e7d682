"""Verdicts in words: how sure it is that the first optimizer comes first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import xarray as xr

from ...formatting import format_count, join_names
from .rank_intervals import select_level_with_first
from .resampling import MINIMUM_SEEDS


def verdict(rows: Sequence[Any], table: xr.Dataset) -> list[str]:
    """How sure it is that the first row of a board comes first, as plain sentences; or that no row has a score.

    `rows` are those of `leaderboard` or `tuned_board`, best first, and `table` is what `ranks` found.
    """
    first = rows[0]
    if math.isnan(first.score):
        return ["No optimizer survived on all seeds."]
    return describe_certainty(table, first.optimizer)


def describe_certainty(table: xr.Dataset, subject: str = "It") -> list[str]:
    """What `ranks` found about the first optimizer, which is called `subject`, as plain sentences.

    Only where it is surely ahead of all others, over other seeds and over other stops among the late evaluations, is it
    said to come first.
    """
    ordered = table.sortby("rank")
    first, others, seeds = ordered.isel(optimizer=0), ordered.sizes["optimizer"] - 1, ordered.attrs["seeds"]
    if not others:
        return [f"{subject} ran alone."]
    if seeds < MINIMUM_SEEDS:
        few = format_count(seeds, "reporting seed")
        return [f"How sure that is, {few} cannot say: take six seeds or more.", *_stops(ordered, subject)]
    low, high, level = int(first.low), int(first.high), select_level_with_first(table)
    percent, basis = f"{100 * table.attrs['confidence']:g} % confidence", format_count(seeds, "seed")
    if low == high == 1 and not level:
        beaten = f"all {others} others" if others > 1 else str(ordered.optimizer.values[1])
        sentence = f"{subject} comes first with {percent}, ahead of {beaten} ({basis}{_wherever(table)})."
        return [sentence, *_stops(ordered, subject)]
    place = f"{subject} takes a rank from {low} to {high}" if low < high else f"{subject} takes rank {low}"
    return [f"{place} with {percent} ({basis}{_wherever(table)}).", *_level(ordered, level), *_stops(ordered, subject)]


def _wherever(table: xr.Dataset) -> str:
    """The stops that a verdict covers."""
    first, last = table.attrs["first_update"], table.attrs["last_update"]
    return f", and any stop from update {first} to {last}" if first < last else ""


def _level(ordered: xr.Dataset, level: list[str]) -> list[str]:
    """Who cannot be told from the first: those next to it, and those whose distance varies too much."""
    if not level:
        return []
    names = ordered.optimizer.values.tolist()
    beaten = [name for name in names[1:] if name not in level]
    below = [name for name in level if beaten and names.index(name) > names.index(beaten[0])]
    beside = [name for name in level if name not in below]
    sentences = [f"{join_names(beside)} cannot be told from it."] if beside else []
    if below:
        ranked = [f"{name} (rank {names.index(name) + 1})" for name in below]
        sentences.append(
            f"{'Nor' if beside else 'Neither'} can {join_names(ranked)}, although some that rank higher can: the "
            "distance "
            f"from the first varies more there."
        )
    return sentences


def _stops(ordered: xr.Dataset, subject: str) -> list[str]:
    """At how many of the late evaluations the first one leads, where that depends on when one stops."""
    count, share = ordered.attrs["evaluations"], float(ordered.leads[0])
    if count < 2:
        return []
    leads, since = round(share * count), f"evaluations from update {ordered.attrs['first_update']} on"
    is_shared = round(float(ordered.leads.sum()) * count) > count
    verb = "leads or shares the lead" if is_shared else "leads"
    if leads == count:
        return [f"{subject} {verb} at all {count} {since}."]
    return [f"{subject} {verb} at {leads} of the {count} {since}: the order depends on when one stops."]
