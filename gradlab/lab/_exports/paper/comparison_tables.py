"""The tables that compare optimizers: the best one against each other one, and the ranks on all problems."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import xarray as xr

from ..._formatting import format_count, format_p_value
from ..._results.score_scale import read_scale
from ...analysis.comparison.fair_table import TableRow, describe_budget, describe_shared_ranks, fair_table
from ...analysis.leaderboard import Row
from ...analysis.statistics.pairwise_tests import pairwise_tests
from .printed_table import NOTHING, Column, PrintedRow, PrintedTable

_ALPHA = 0.05


def make_tests_table(problem: str, race: xr.Dataset, rows: Sequence[Row], table: xr.Dataset) -> PrintedTable:
    """Return the paired tests of the first row of a leaderboard against each other row, in the order of the ranks.

    `table` is what `ranks` returns of the race.
    """
    first = rows[0].optimizer
    tests = pairwise_tests(race, against=first, alpha=_ALPHA)
    beats = table.beats.sel(optimizer=first)
    scale = read_scale(race.attrs)
    unit = {"share": " (in percentage points)", "decades": " (in decades)"}.get(scale, "")
    order = {row.optimizer: place for place, row in enumerate(rows)}
    printed = [
        (
            order[name],
            PrintedRow([
                name,
                _number(-float(pair.advantage) * (100 if scale == "share" else 1), ".3g"),
                f"{tests.attrs['seeds'] - float(pair.wins):g} of {tests.attrs['seeds']}",
                f"{100 * float(beats.sel(other=name)):.0f} %",
                _number(-float(pair.effect), ".2f"),
                format_p_value(float(pair.p), NOTHING),
                format_p_value(float(pair.p_holm), NOTHING) + "*" * bool(pair.differs),
            ]),
        )
        for name, pair in ((str(tests.optimizer.values[i]), tests.isel(pair=i)) for i in range(tests.sizes["pair"]))
    ]  # fmt: skip
    equals = sum(row.rank == 1 for row in rows) - 1
    best = f"which shares the first rank with {format_count(equals, 'other')}" if equals else "the best optimizer"
    caption = (
        f"{problem}: how far {first}, {best}, is ahead of each other one in {race.attrs['score_label']}"
        f"{unit}. Wins: on how many of the reporting seeds it is better. Probability: the share of redrawn seeds and "
        f"stops in which its mean is better. Effect: Hedges' g of the paired differences. p: paired t-test, two-sided; "
        f"p (Holm): corrected for all rows. * differs at level {_ALPHA:g}."
    )
    columns = [
        Column("ahead of", numbers=False), Column("by"), Column("wins"), Column("probability"), Column("effect"),
        Column("p"), Column("p (Holm)"),
    ]  # fmt: skip
    ordered = [row for _, row in sorted(printed, key=lambda pair: pair[0])]
    description = f"tests of {first} against the others on {problem}"
    return PrintedTable(f"tests_{problem}", description, caption, columns, ordered)


def make_ranks_table(races: Mapping[str, xr.Dataset]) -> PrintedTable:
    """Return the ranks of all optimizers on all problems, by their means. No run may have been stopped early."""
    rows = fair_table(races, {})
    columns = [
        Column("optimizer", numbers=False, shows_best=True),
        Column("mean rank", shows_best=True),
        *(Column(problem) for problem in races),
    ]
    complete = [row.mean_rank for row in rows if len(row.cells) == len(races)]
    best = min(complete) if complete else math.nan
    has_rates = not any("settings" in race.coords for race in races.values())  # and no other hyperparameters
    printed = [
        PrintedRow(
            [row.optimizer, f"{row.mean_rank:.1f}", *(_rank(row, problem, has_rates) for problem in races)],
            row.mean_rank == best,
        )
        for row in rows
    ]
    budget = f" {describe_budget(races)}" if has_rates else ""
    caption = (
        "Rank of each optimizer on each problem, at the configuration that was best on the choosing seeds, with the "
        f"ranks that other seeds and stops could have given it (95 % confidence).{budget}{describe_shared_ranks(rows)}"
    )
    if has_rates and any(row.edges for row in rows):
        caption += " * The best learning rate lies at the end of the grid, so a better one may lie beyond."
    description = f"ranks on {format_count(len(races), 'problem')}"
    return PrintedTable("mean_ranks", description, caption, columns, printed)


def _rank(row: TableRow, problem: str, has_rates: bool) -> str:
    """Return the rank of an optimizer with its interval. A star says that its learning rate lies at the edge."""
    cell = row.cells.get(problem)
    if cell is None:
        return NOTHING
    interval = "" if math.isnan(cell.score_low) else f" ({cell.rank_low} to {cell.rank_high})"
    return f"{cell.row.rank}{interval}{'*' * (has_rates and cell.row.at_edge)}"


def _number(value: float, form: str) -> str:
    return NOTHING if math.isnan(value) else f"{value:{form}}".replace("-", "−")
