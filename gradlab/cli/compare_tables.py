"""The statistics of a study as tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console
from rich.text import Text

from ..lab._formatting import format_float
from ..lab._results.score_scale import read_scale
from ..lab.analysis.statistics.sections import Section
from .score_formatting import format_score_with_spread
from .tables import TrimmedLines, print_columns, print_note

MOST_BUDGETS = 6  # columns of the table of budgets


def print_section(console: Console, section: Section) -> None:
    """Print the title of a section, its table, and what its sentences say."""
    console.print(TrimmedLines(Text(section.title, style="bold")))
    if section.table is not None:
        columns = COLUMNS[section.name](section.table)
        print_columns(console, columns)
    print_note(console, "\n".join(section.sentences))
    console.print()


def _tuning_budget(budget: xr.Dataset) -> dict[str, list[str]]:
    trials = budget.trials.values
    wanted = np.unique(np.geomspace(1, trials[-1], MOST_BUDGETS).round())
    shown = [int(trials[np.abs(trials - k).argmin()]) for k in wanted]
    best = budget.expected.isel(trials=-1).values
    order = np.argsort(-best if budget.attrs["higher_is_better"] else best, kind="stable")
    names = [str(name) for name in budget.optimizer.values[order]]
    columns = {"optimizer": names}
    for k in dict.fromkeys(shown):
        values = budget.expected.sel(trials=k).values[order]
        columns[f"{k} trial{'s' * (k > 1)}"] = [_score(value, budget.attrs) for value in values]
    return columns


def _rate_sensitivity(table: xr.Dataset) -> dict[str, list[str]]:
    table = table.sortby("sensitivity")
    return {
        "optimizer": [str(name) for name in table.optimizer.values],
        "sensitivity": [_difference(value, table.attrs) for value in table.sensitivity.values],
        f"{100 * table.attrs['confidence']:g} % interval": _intervals(table, table.attrs),
        "best rate": [_rate(value) for value in table.best_rate.values],
        "range": [f"{_rate(a)} to {_rate(b)}" for a, b in zip(table["first"].values, table["last"].values)],
    }


def _score(value: float, attributes: Mapping[str, Any]) -> str:
    return "-" if np.isnan(value) else format_score_with_spread(float(value), float("nan"), attributes)


def _difference(value: float, attributes: Mapping[str, Any]) -> str:
    """Return a difference of scores: `2.1` percentage points or decades, or `0.034`."""
    if np.isnan(value):
        return "-"
    return f"{100 * value:.2f}" if read_scale(attributes) == "share" else f"{value:#.3g}".rstrip(".")


def _intervals(table: xr.Dataset, attributes: Mapping[str, Any]) -> list[str]:
    ends = zip(table.low.values, table.high.values)
    return ["-" if np.isnan(a) else f"{_difference(a, attributes)} to {_difference(b, attributes)}" for a, b in ends]


def _rate(value: float) -> str:
    return "-" if np.isnan(value) else format_float(float(f"{value:.2g}"))


COLUMNS: dict[str, Callable[[xr.Dataset], Mapping[str, Sequence[str]]]] = {
    "tuning_budget": _tuning_budget,
    "rate_sensitivity": _rate_sensitivity,
}
