"""The columns of the tables of a study's statistics, by the names of their sections.

What is not known is a "-". How a score is written depends on the medium, so `Formats` has a function for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ...._formatting import format_float, format_p_value
from ...._results.score_scale import read_scale

MOST_BUDGETS = 6  # columns of the table of budgets
MOST_PAIRS = 10  # of which all are shown


class Formats(NamedTuple):
    """How a medium writes scores and learning rates, which are not NaN."""

    score: Callable[[float, Mapping[str, Any]], str]
    rate: Callable[[float], str] = lambda value: format_float(float(f"{value:.2g}"))


def _tuning_budget(budget: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    trials = budget.trials.values
    wanted = np.unique(np.geomspace(1, trials[-1], MOST_BUDGETS).round())
    shown = [int(trials[np.abs(trials - k).argmin()]) for k in wanted]
    best = budget.expected.isel(trials=-1).values
    order = np.argsort(-best if budget.attrs["higher_is_better"] else best, kind="stable")
    names = [str(name) for name in budget.optimizer.values[order]]
    columns = {"optimizer": names}
    for k in dict.fromkeys(shown):
        values = budget.expected.sel(trials=k).values[order]
        columns[f"{k} trial{'s' * (k > 1)}"] = [_score(value, budget.attrs, formats) for value in values]
    return columns


def _rate_sensitivity(table: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    table = table.sortby("sensitivity")
    return {
        "optimizer": [str(name) for name in table.optimizer.values],
        "sensitivity": [_difference(value, table.attrs) for value in table.sensitivity.values],
        f"{100 * table.attrs['confidence']:g} % interval": _intervals(table, table.attrs),
        "best rate": [_rate(value, formats) for value in table.best_rate.values],
        "range": [
            f"{_rate(a, formats)} to {_rate(b, formats)}" for a, b in zip(table["first"].values, table["last"].values)
        ],
    }


def _time_to_target(table: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    table = table.sortby(["steps", "optimizer"])
    columns = {
        "optimizer": [str(name) for name in table.optimizer.values],
        "reached": [f"{100 * share:.0f} %" for share in table.reached.values],
        "updates": ["-" if np.isinf(steps) else f"{steps:g}" for steps in table.steps.values],
    }
    if "seconds" in table:
        columns["seconds"] = ["-" if np.isinf(seconds) else f"{seconds:.2g}" for seconds in table.seconds.values]
    return columns


def _pairwise_tests(tests: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    """Return all pairs if they are few, else those of the best optimizer."""
    if tests.sizes["pair"] > MOST_PAIRS and len(set(tests.other.values.tolist())) > 1:
        first = str(tests.optimizer.values[0])
        tests = tests.isel(pair=(tests.optimizer == first).values | (tests.other == first).values)
    attributes, is_score = tests.attrs, tests.attrs["measure"] == "score"
    advantage = [
        _difference(value, attributes) if is_score else "-" if np.isnan(value) else f"{10**value:.2f}"
        for value in tests.advantage.values
    ]
    return {
        "optimizer": [str(name) for name in tests.optimizer.values],
        "against": [str(name) for name in tests.other.values],
        "advantage" if is_score else "times faster": advantage,
        "wins": [f"{wins:g}/{attributes['seeds']}" for wins in tests.wins.values],
        "effect": ["-" if np.isnan(effect) else f"{effect:.2f}" for effect in tests.effect.values],
        "p": [format_p_value(p) for p in tests.p.values],
        "p (Holm)": [format_p_value(p) + "*" * bool(p <= attributes["alpha"]) for p in tests.p_holm.values],
        "seeds needed": [_count(needed) for needed in tests.seeds_needed.values],
    }


def _interquartile_means(table: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    table = table.sortby(["mean", "optimizer"], ascending=False)
    return {
        "optimizer": [str(name) for name in table.optimizer.values],
        "interquartile mean": [f"{mean:.3f}" for mean in table["mean"].values],
        f"{100 * table.attrs['confidence']:g} % interval": _ends(table),
    }


def _improvement_probabilities(table: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    """Return the probabilities of the optimizer that is best in the mean over the others."""
    order = table.probability.mean("other").argsort().values[::-1]
    names = [str(name) for name in table.optimizer.values[order]]
    # A table of one optimizer alone has all others along `other` only.
    others = names[1:] or [str(name) for name in table.other.values if name != names[0]]
    pairs = table.sel(optimizer=names[0], other=others)
    return {
        "optimizer": [names[0]] * len(others),
        "against": others,
        "probability": [f"{value:.3f}" for value in pairs.probability.values],
        f"{100 * table.attrs['confidence']:g} % interval": _ends(pairs),
    }


def _critical_differences(table: xr.Dataset, formats: Formats) -> dict[str, list[str]]:
    """Return the mean ranks, and the optimizers from which each one differs."""
    names = [str(name) for name in table.optimizer.values]
    differs = table.differs.transpose("optimizer", "other").values
    better = [
        [i + 1 for i, is_different in enumerate(row[:place]) if is_different] for place, row in enumerate(differs)
    ]
    return {
        "#": [str(place + 1) for place in range(len(names))],
        "optimizer": names,
        "mean rank": [f"{rank:.2f}" for rank in table.mean_rank.values],
        "worse than": [", ".join(f"#{place}" for place in places) or "-" for places in better],
    }


def _ends(table: xr.Dataset) -> list[str]:
    ends = zip(table.low.values, table.high.values)
    return ["-" if np.isnan(low) else f"{low:.3f} to {high:.3f}" for low, high in ends]


def _count(needed: float) -> str:
    return "-" if np.isnan(needed) else ">10,000" if np.isinf(needed) else f"{needed:,.0f}"


def _score(value: float, attributes: Mapping[str, Any], formats: Formats) -> str:
    return "-" if np.isnan(value) else formats.score(float(value), attributes)


def _difference(value: float, attributes: Mapping[str, Any]) -> str:
    """Return a difference of scores: `2.1` percentage points or decades, or `0.034`."""
    if np.isnan(value):
        return "-"
    return f"{100 * value:.2f}" if read_scale(attributes) == "share" else f"{value:#.3g}".rstrip(".")


def _intervals(table: xr.Dataset, attributes: Mapping[str, Any]) -> list[str]:
    ends = zip(table.low.values, table.high.values)
    return ["-" if np.isnan(a) else f"{_difference(a, attributes)} to {_difference(b, attributes)}" for a, b in ends]


def _rate(value: float, formats: Formats) -> str:
    return "-" if np.isnan(value) else formats.rate(float(value))


COLUMNS: dict[str, Callable[[xr.Dataset, Formats], Mapping[str, Sequence[str]]]] = {
    "tuning_budget": _tuning_budget,
    "rate_sensitivity": _rate_sensitivity,
    "score_tests": _pairwise_tests,
    "time_to_target": _time_to_target,
    "step_tests": _pairwise_tests,
    "second_tests": _pairwise_tests,
    "interquartile_means": _interquartile_means,
    "improvement_probabilities": _improvement_probabilities,
    "critical_differences": _critical_differences,
}
