"""Sentences on tuning budgets."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import xarray as xr

from ..._formatting import format_count, join_names


def describe_tuning_budget(budget: xr.Dataset) -> list[str]:
    """Return how a tuning budget was computed, and which optimizer is expected to lead after how many trials."""
    return [_describe_estimate(budget), *_describe_leaders(budget), *_describe_failures(budget)]


def _describe_estimate(budget: xr.Dataset) -> str:
    trials = format_count(int(budget.trials[-1]), budget.attrs["trial"])
    mean = " (the geometric mean)" * bool(budget.attrs["logarithmic"])
    drawn = (
        f"the first of {trials}, in the order in which they ran"
        if budget.attrs["order"] == "as run"
        else f"so many of {trials}, drawn at random without repetition (Tang et al. 2020)"
    )
    return (
        f"The expected {budget.attrs['score_label']}{mean} after some trials of tuning: of {drawn}, the best is "
        f"{budget.attrs['seeds']}. A run that diverged counts as untrained."
    )


def _describe_leaders(budget: xr.Dataset) -> list[str]:
    """Return which optimizer has the best expected score, from how many trials to how many."""
    if budget.sizes["optimizer"] < 2:
        return []
    expected = budget.expected.transpose("trials", "optimizer").values
    worst = -np.inf if budget.attrs["higher_is_better"] else np.inf
    known = np.where(np.isnan(expected), worst, expected)
    first = known.argmax(1) if budget.attrs["higher_is_better"] else known.argmin(1)
    names, trials = budget.optimizer.values.tolist(), budget.trials.values.tolist()
    spans = [(names[who], [k for _, k in group]) for who, group in groupby(zip(first, trials), lambda pair: pair[0])]
    if len(spans) == 1:
        return [f"{spans[0][0]} is expected to lead after any number of trials."]
    where = [f"{name} {_describe_span(ks, ks[-1] == trials[-1])}" for name, ks in spans]
    return [f"Expected to lead: {join_names(where, 8)}."]


def _describe_span(trials: list[int], is_last: bool) -> str:
    if is_last:
        return f"from {format_count(trials[0], 'trial')} on"
    return f"after {trials[0]}" if len(trials) == 1 else f"after {trials[0]} to {trials[-1]}"


def _describe_failures(budget: xr.Dataset) -> list[str]:
    """How many trials were lost, where some were: in random order, all have the same chance to come first."""
    failed, names = budget.failed.transpose("optimizer", "trials"), budget.optimizer.values
    if budget.attrs["order"] == "as run":
        counts = [int(budget.trials.values[row > 0].max(initial=0)) for row in failed.values]
        where = {1: "the first trial"}
        return [
            f"A choosing run diverged at {where.get(count, f'each of the first {count} trials')} of {name}."
            for name, count in zip(names, counts)
            if count
        ]
    shares = [f"{name} ({100 * share:.0f} %)" for name, share in zip(names, failed.values[:, 0]) if share > 0]
    return [f"A choosing run diverged at some trials of {join_names(shares)}."] if shares else []
