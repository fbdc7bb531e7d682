"""Ranks that equal values share, so that no name, place in a list or error of rounding decides between them.

A table shows the ranks of a competition: 1, 2, 2, 4. Where ranks are averaged over problems, equals share the mean of
theirs, 1, 2.5, 2.5, 4, so that their sum is the same with and without ties (Demšar 2006, section 3.2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

SHARED = "Equals share a rank (1, 2, 2, 4)."


def describe_shared(ranks: Iterable[int]) -> list[str]:
    """Return the sentence that stands beside ranks of which some are shared; nothing if none is."""
    ranks = list(ranks)
    return [SHARED] if len(set(ranks)) < len(ranks) else []


def absorb_rounding(levels: np.ndarray) -> np.ndarray:
    """Return values that are equal where only the order of a summation in float64 made a difference."""
    return levels.round(12)


def competition_ranks(values: Sequence[object] | np.ndarray) -> list[int]:
    """Return the rank of each value, from 1 for the lowest: one more than the number of lower values.

    A value is a number, or a row of numbers of which the first that differs decides.
    """
    place, below, _ = _group(values)
    return [int(rank) for rank in below[place] + 1]


def mean_ranks(values: Sequence[object] | np.ndarray) -> np.ndarray:
    """Return the rank of each value, from 1 for the lowest, of which equal values share the mean."""
    place, below, equal = _group(values)
    return np.asarray((below + (equal + 1) / 2)[place])


def _group(values: Sequence[object] | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the group of equals of each value, and for each group how many are below it and how many are in it."""
    array = np.asarray(values, float)
    axis = None if array.ndim == 1 else 0  # of a million numbers, the sort along an axis takes ten times as long
    _, place, equal = np.unique(array, axis=axis, return_inverse=True, return_counts=True)
    return place.reshape(-1), equal.cumsum() - equal, equal
