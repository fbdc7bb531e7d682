"""The tables of a sweep or a search: the optimizers at their best configurations, and the best configurations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._formatting import format_count, join_names
from .._results.thinned_curves import is_pruned
from .._settings import Setting, format_setting, read_categories
from ..analysis.choosing_metric import describe_choosing_metric
from ..analysis.configurations import rank_configurations, select_best_rows
from ..analysis.shared_ranks import describe_shared
from ..analysis.sweep_as_race import swept_hyperparameters
from ..analysis.tuned_optimizers import tuned_leaderboard
from .leaderboard_table import Cell, Heading
from .number_formatting import format_score_with_spread

SHOWN = 10  # configurations in the table; the files beside the page have all


class TableRow(NamedTuple):
    """A row of either table."""

    rank: Cell
    optimizer: str
    cells: list[Cell]


class Table(NamedTuple):
    """A sortable table with a title, and a note below it."""

    title: str
    headings: list[Heading]
    rows: list[TableRow]
    note: str


def make_tuned_table(dataset: xr.Dataset) -> Table | None:
    """Return the table of the optimizers, each at its best configuration; None for a single optimizer."""
    rows, _ = tuned_leaderboard(dataset)
    if len(rows) < 2:
        return None
    names, attributes = swept_hyperparameters(dataset), dataset.attrs
    categories = read_categories(attributes)
    body = []
    for row in rows:
        low, high = row.rank_low, row.rank_high
        values = [_value_cell(row.hyperparameters.get(name), categories.get(name, [])) for name in names]
        place = Cell((low + high) / 2, f"{low}" if low == high else f"{low}–{high}")  # noqa: RUF001
        body.append(_row(row, [*values, _score_cell(row, attributes), place, _diverged_cell(row)]))
    headings = _headings([*names, _score_label(attributes), "Rank, 95 %", "Diverged"], attributes)
    note = " ".join([describe_tuning(dataset), *describe_shared(row.rank for row in rows)])
    return Table("Optimizers, each at its best configuration", headings, body, note)


def configuration_table(dataset: xr.Dataset) -> Table:
    """Return the table of the best configurations, which has the best one of every optimizer."""
    points, names, attributes = rank_configurations(dataset), swept_hyperparameters(dataset), dataset.attrs
    rows, categories = select_best_rows(points, SHOWN), read_categories(attributes)
    body = [
        _row(
            row,
            [
                *(_value_cell(row.hyperparameters.get(name), categories.get(name, [])) for name in names),
                _score_cell(row, attributes),
                _diverged_cell(row),
            ],
        )
        for row in rows
    ]
    order = "Ranked by the choosing seeds; the score is of the reporting seeds."
    if len(points) > len(rows):
        also = ", and the best one of each optimizer" if len(rows) > SHOWN else ""
        order = f"The best {SHOWN} of {len(points):,}{also}. {order}"
    if is_pruned(dataset):
        order = f"{order} Those that were stopped early are left out."
    headings = _headings([*names, _score_label(attributes), "Diverged"], attributes)
    note = " ".join([order, *describe_shared(row.rank for row in rows)])
    return Table("Configurations", headings, body, note)


def describe_tuning(dataset: xr.Dataset) -> str:
    """Return a sentence that says which hyperparameters were tuned, and on which seeds."""
    names, points = swept_hyperparameters(dataset), format_count(dataset.sizes["point"], "point")
    roles, choice = dataset.role.values, describe_choosing_metric(dataset.attrs)
    choosing, reporting = (int(np.isin(roles, (role, "both")).sum()) for role in ("choose", "report"))
    whose = "Its configuration" if dataset.sizes["optimizer"] == 1 else "The configuration of each optimizer"
    by = f"by {choice} on" if choice else "on"
    scored = "the same" if "both" in roles else f"{format_count(reporting, 'other')}"
    return (
        f"{whose} ({join_names(names)}) was chosen among {points} {by} {format_count(choosing, 'seed')}, and the score "
        f"is of {scored}."
    )


def _score_label(attributes: Mapping[str, Any]) -> str:
    return str(attributes["score_label"]).capitalize()


def _headings(titles: list[str], attributes: Mapping[str, Any]) -> list[Heading]:
    """The headings of a table with these columns behind the ranks and the optimizers."""
    label, higher = _score_label(attributes), bool(attributes["higher_is_better"])
    first = [Heading("Rank", is_sorted=True), Heading("Optimizer", is_name=True)]
    return first + [Heading(title, is_falling=higher and title == label) for title in titles]


def _row(row: Any, cells: list[Cell]) -> TableRow:
    return TableRow(Cell(row.rank, str(row.rank)), row.optimizer, cells)


def _value_cell(value: Setting | None, categories: Sequence[str]) -> Cell:
    """A cell with a setting. Those of a choice are sorted in the order in which they were given."""
    if value is None:
        return Cell(math.nan, "–")  # noqa: RUF001
    return Cell(categories.index(value) if isinstance(value, str) else value, format_setting(value))


def _score_cell(row: Any, attributes: Mapping[str, Any]) -> Cell:
    key = -row.score if attributes["higher_is_better"] else row.score
    return Cell(key, format_score_with_spread(row.score, row.spread, attributes))


def _diverged_cell(row: Any) -> Cell:
    return Cell(row.diverged, f"{row.diverged}/{row.runs}")
