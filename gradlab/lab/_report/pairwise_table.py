"""The table of pairs: how often each optimizer is better than each other one."""

from __future__ import annotations

from typing import NamedTuple

from ..analysis.comparison.rank_intervals import in_rank_order
from .problem_findings import Finding


class Pair(NamedTuple):
    """How often the optimizer of a row is better than that of a column."""

    percent: int  # of the resamples
    is_sure: bool
    shade: int  # of the cell, in percent: at most so dark that its number can be read


class PairwiseRow(NamedTuple):
    """One optimizer against all of them, in the order of their ranks."""

    rank: int
    optimizer: str
    pairs: list[Pair | None]  # None against itself


def pairwise_rows(finding: Finding) -> list[PairwiseRow]:
    """Return a row for each optimizer, the first of the leaderboard first; none for a single optimizer."""
    table = in_rank_order(finding.ranks)
    names = table.optimizer.values.tolist()
    if len(names) < 2:
        return []
    shares = table.beats.sel(other=names).transpose("optimizer", "other").values
    surely = table.surely.sel(other=names).transpose("optimizer", "other").values
    return [
        PairwiseRow(
            int(rank),
            name,
            [None if i == j else _pair(float(shares[i, j]), bool(surely[i, j])) for j in range(len(names))],
        )
        for i, (name, rank) in enumerate(zip(names, table["rank"].values))
    ]


def _pair(share: float, is_sure: bool) -> Pair:
    percent = round(100 * share)
    return Pair(percent, is_sure, round(0.45 * percent))
