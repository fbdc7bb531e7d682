"""The fair table as files: `table.md` for people, `table.csv` and `table.json` for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..._storage.files import write_text
from ..._storage.ownership import MARKDOWN_MARK
from ..comparison.fair_table import TableRow
from .table_files import finite_or_none, write_csv

_OF_ROW = ("rank", "optimizer", "score", "spread", "best_rate", "at_edge", "diverged_at_best")
_OF_CELL = ("rank_low", "rank_high", "score_low", "score_high")
_COSTS = ("mean_rank", "state_bytes", "step_time")


def fair_table_document(
    rows: Sequence[TableRow],
    budget: str,
    limits: Sequence[str],
    costs: Mapping[str, Any],
    attributes: Mapping[str, str],
) -> dict[str, Any]:
    """Return the table as one document for JSON. A number that is not finite becomes None."""
    optimizers = [
        {"optimizer": row.optimizer}
        | {name: finite_or_none(getattr(row, name)) for name in _COSTS}
        | {"edges": row.edges, "problems": {problem: _fields(row, problem) for problem in row.cells}}
        for row in rows
    ]
    return {**attributes, "budget": budget, "not_shown": list(limits), "costs": dict(costs), "optimizers": optimizers}


def _fields(row: TableRow, problem: str) -> dict[str, Any]:
    cell = row.cells[problem]
    of_row = {name: finite_or_none(getattr(cell.row, name)) for name in _OF_ROW if name != "optimizer"}
    return of_row | {name: finite_or_none(getattr(cell, name)) for name in _OF_CELL}


def write_fair_table_csv(path: Path, rows: Sequence[TableRow], problems: Sequence[str]) -> None:
    """Write a line for each problem and optimizer, in one step; NaN becomes an empty field."""
    lines = [
        [
            problem,
            *(getattr(row.cells[problem].row, name) for name in _OF_ROW),
            *(getattr(row.cells[problem], name) for name in _OF_CELL),
            *(getattr(row, name) for name in _COSTS),
        ]
        for problem in problems
        for row in rows
        if problem in row.cells
    ]
    write_csv(path, ["problem", *_OF_ROW, *_OF_CELL, *_COSTS], lines)


def write_fair_table_markdown(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    budget: str,
    notes: Sequence[str],
    attributes: Mapping[str, str],
) -> None:
    """Write the table, given by the titles of its columns, with its command, its budget and what it does not show."""
    versions = ", ".join(f"{name} {attributes[name]}" for name in ("gradlab", "jax") if name in attributes)
    lines = [MARKDOWN_MARK, "", "# Optimizers across problems", ""]
    if "command" in attributes:
        lines += [f"Command: `{attributes['command']}`", ""]
    lines += [f"Versions: {versions}.", "", budget, ""]
    lines += [
        "| " + " | ".join(columns) + " |",
        "|" + "|".join("---" if t == "optimizer" else "---:" for t in columns) + "|",
    ]
    lines += ["| " + " | ".join(map(_escape, row)) + " |" for row in zip(*columns.values(), strict=True)]
    lines += ["", "## How to read it, and what it does not show", "", *(f"- {_escape(note)}" for note in notes)]
    write_text(path, "\n".join(lines) + "\n")


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
