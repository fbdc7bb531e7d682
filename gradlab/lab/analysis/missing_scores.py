"""Studies of which nothing can be compared, because no run has a score."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from .first_values import describe_bad_start
from .leaderboard import final_scores


def describe_missing_scores(dataset: xr.Dataset) -> str:
    """Return why nothing can be compared on one problem, as the end of a sentence; empty if some run has a score."""
    if bad_start := describe_bad_start(dataset):
        return f"there is nothing to compare, because {bad_start}"
    if final_scores(dataset).isnull().all():
        return "there is nothing to compare, because every run diverged"
    return ""


def describe_missing_problems(datasets: Mapping[str, xr.Dataset]) -> str:
    """Return the same of several problems together; empty if some run has a score.

    A problem on which every run diverged counts, beside others, as one on which no optimizer is better. One whose
    scores are not finite from the start says nothing of any optimizer, and no statistic over problems holds with it.
    """
    missing = {name: found for name, dataset in datasets.items() if (found := describe_missing_scores(dataset))}
    if missing and len(missing) == len(datasets):
        return next(iter(missing.values()))
    for name, dataset in datasets.items():
        if bad_start := describe_bad_start(dataset):
            return f"on {name}, {bad_start}, or leave out this problem"
    return ""
