"""The fair table in the terminal."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ...lab._studies.fair_table_outputs import FairTable
from ...lab.analysis.comparison.fair_table import Cell, TableRow, describe_shared_ranks
from ..terminal.tables import TrimmedLines, print_columns, print_note

_FIXED = ("optimizer", "mean rank", "at edge", "bytes/param", "time/sgd")


def print_fair_table(console: Console, table: FairTable) -> None:
    """Print the table, its budget, and what it does not show. Problems that do not fit are left out, and are named."""
    console.print(TrimmedLines(Text("All optimizers across the problems", "bold")))
    console.print(TrimmedLines(Text(table.budget)))
    columns = make_columns(table)
    print_columns(console, columns, [title for title in reversed(list(columns)) if title not in _FIXED])
    print_note(console, explain_columns(table))
    console.print(TrimmedLines(Text("What this table does not show", "bold")))
    for limit in table.limits:
        console.print(TrimmedLines(Text(limit)))
    console.print()


def make_columns(table: FairTable) -> dict[str, Sequence[str]]:
    """Return the cells of the table by the titles of its columns: the costs first, then a column for each problem."""
    rows, problems = table.rows, table.problems
    fixed: dict[str, Sequence[str]] = {
        "optimizer": [row.optimizer for row in rows],
        "mean rank": [f"{row.mean_rank:.1f}" for row in rows],
        "at edge": [f"{row.edges}/{len(row.cells)}" for row in rows],
        "bytes/param": [_number(row.state_bytes) for row in rows],
        "time/sgd": [_number(row.step_time) for row in rows],
    }
    return fixed | {problem: [_rank(row, problem) for row in rows] for problem in problems}


def explain_columns(table: FairTable) -> str:
    """Return a sentence on what the columns and marks mean."""
    cells = [cell for row in table.rows for cell in row.cells.values()]
    has_intervals = any(not math.isnan(cell.score_low) for cell in cells)
    ranks = "the rank" + (" (and the ranks that other seeds could have given, 95 %)" if has_intervals else "")
    sentence = (
        f"Under each problem: {ranks}, each optimizer at its own best rate. At edge: on how many problems the best "
        "rate is the first or the last of the grid, marked *. The scores and rates are in table.csv."
    )
    sentence += describe_shared_ranks(table.rows)
    if any(_failed(cell) for cell in cells):
        sentence += " † some reporting runs diverged, so it ranks last."
    return sentence


def _rank(row: TableRow, problem: str) -> str:
    cell = row.cells.get(problem)
    if cell is None:
        return "-"
    interval = "" if math.isnan(cell.score_low) else f" ({cell.rank_low}–{cell.rank_high})"
    return f"{cell.row.rank}{interval}" + "*" * cell.row.at_edge + "†" * _failed(cell)


def _failed(cell: Cell) -> bool:
    return cell.row.diverged_at_best > 0 or math.isnan(cell.row.score)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f}" if value >= 100 else f"{value:.1f}"
