"""The tables of a study for a paper: the leaderboard and the tests on each problem, and the mean ranks."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from ..._formatting import format_count
from ..._report.number_formatting import format_number, format_score
from ..._results.thinned_curves import is_pruned
from ..._settings import format_setting
from ...analysis.comparison.rank_intervals import ranks, select_level_with_first
from ...analysis.comparison.resampling import MINIMUM_SEEDS
from ...analysis.late_window import describe_window
from ...analysis.leaderboard import Row, leaderboard
from ...analysis.shared_ranks import describe_shared
from ...analysis.statistics.seed_sentences import describe_seeds
from ...analysis.tuned_optimizers import hyperparameters_of, select_best_points
from ..selection import Runs, SelectionError, find_axis
from .comparison_tables import make_ranks_table, make_tests_table
from .printed_table import NOTHING, Column, PrintedRow, PrintedTable


def make_study_tables(parts: Sequence[Runs]) -> list[PrintedTable]:
    """Return the tables of the selected problems and optimizers.

    Raises SelectionError if seeds or configurations were selected, because a comparison needs those of the study.
    """
    races = {part.problem: _as_race(part) for part in parts if part.points}
    tables = []
    for problem, race in races.items():
        rows = leaderboard(race)
        table = ranks(race, rows=rows)
        tables.append(_leaderboard_table(problem, race, rows, table))
        if len(rows) > 1 and table.attrs["seeds"] >= MINIMUM_SEEDS:
            tables.append(make_tests_table(problem, race, rows, table))
    if len(races) > 1 and not any(map(is_pruned, races.values())):
        tables.append(make_ranks_table(races))
    return tables


def _as_race(part: Runs) -> xr.Dataset:
    """Return the selected optimizers, of a sweep or a search each at the point that the choosing seeds chose."""
    dataset = part.dataset
    if len(part.seeds) < dataset.sizes["seed"]:
        raise SelectionError(
            "tables for a paper need all seeds, which choose and report; leave out the selection of seeds"
        )
    if any(len(points) < dataset.sizes[find_axis(dataset)] for points in part.points.values()):
        raise SelectionError(
            "tables for a paper choose the best configurations themselves; leave out how many are best"
        )
    selected = dataset.isel(optimizer=list(part.points))
    return select_best_points(selected) if "point" in dataset.dims else selected


def _leaderboard_table(problem: str, race: xr.Dataset, rows: Sequence[Row], table: xr.Dataset) -> PrintedTable:
    attributes = race.attrs
    is_sure = table.attrs["seeds"] >= MINIMUM_SEEDS and not math.isnan(rows[0].score)
    level = set(select_level_with_first(table)) if is_sure else set()
    settings = _list_settings(race, rows)
    confidence = f"{100 * table.attrs['confidence']:g} %"
    has_failed = any(row.diverged_at_best for row in rows)
    columns = [
        Column("optimizer", numbers=False, shows_best=True),
        *(Column(title) for title in settings),
        Column(attributes["score_label"], shows_best=True),
    ]
    if is_sure:
        columns += [Column(f"{confidence} interval"), Column("rank"), Column("first")]
    printed = []
    for place, row in enumerate(rows):
        own = table.sel(optimizer=row.optimizer)
        marks = "†" * (row.optimizer in level) + "‡" * (row.diverged_at_best > 0)
        cells = [
            row.optimizer,
            *(texts[place] for texts in settings.values()),
            format_score(row.score, attributes) + marks,
        ]
        if is_sure:
            cells += [
                _format_interval(float(own.score_low), float(own.score_high), attributes),
                f"{int(own.low)} to {int(own.high)}" if own.low < own.high else f"{int(own.low)}",
                f"{100 * float(own['first']):.0f} %",
            ]
        printed.append(PrintedRow(cells, is_best=row.rank == 1 and not math.isnan(row.score)))
    caption = [f"{problem}: {attributes['score_label']}, {describe_window(race)}.", _describe_choice(race, rows)]
    if is_sure:
        caption.append(
            f"Intervals of the score, and of the rank, cover other draws of the {table.attrs['seeds']} reporting seeds "
            f"with {confidence} confidence; those of the rank cover other stops, too. First: the share of the "
            "draws in which no other optimizer is better."
        )
    caption += describe_shared(row.rank for row in rows)
    if level:
        best = "every best optimizer" if sum(row.rank == 1 for row in rows) > 1 else "the best optimizer"
        caption.append(f"† The lead of {best}, in bold, over this one is not certain.")
    if has_failed:
        caption.append("‡ A reporting run diverged, which is not in this score.")
    description = f"the leaderboard on {problem}: {format_count(len(rows), 'optimizer')}"
    return PrintedTable(f"leaderboard_{problem}", description, " ".join(caption), columns, printed)


def _format_interval(low: float, high: float, attributes: Mapping[str, Any]) -> str:
    """Return an interval of scores: `97.2–97.8 %`, `0.25–0.29`, or `−0.3 to 0.2`."""
    if math.isnan(low) or math.isnan(high):
        return NOTHING
    first, last = format_score(low, attributes), format_score(high, attributes)
    if first.endswith(" %") and last.endswith(" %"):
        first = first.removesuffix(" %")
    return f"{first} to {last}" if low < 0 else f"{first}–{last}"


def _list_settings(race: xr.Dataset, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the column of the learning rates, or in a sweep or a search a column for each hyperparameter."""
    if "settings" not in race.coords:
        return {"learning rate": [format_number(row.best_rate) + "*" * row.at_edge for row in rows]}
    chosen = [hyperparameters_of(race, row.optimizer) for row in rows]
    names = dict.fromkeys(name for settings in chosen for name in settings)
    return {
        name.replace("_", " "): [format_setting(own[name]) if name in own else NOTHING for own in chosen]
        for name in names
    }


def _describe_choice(race: xr.Dataset, rows: Sequence[Row]) -> str:
    what = "The learning rate of each optimizer was"
    edge = " * It lies at the end of the grid, so a better one may lie beyond."
    if "settings" in race.coords:
        what, edge = "The hyperparameters of each optimizer were", ""
    elif not any(row.at_edge for row in rows):
        edge = ""
    return f"{what} {describe_seeds(race)}.{edge}"
