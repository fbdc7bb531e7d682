"""The leaderboards of a race as files: `leaderboard.json` for programs, `leaderboard.csv` for tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from ..leaderboard import Row
from .table_files import document_failures, document_problem, finite_or_none, write_csv

# Seconds differ from run to run, so they are not in the files but with the provenance.
FIELDS = [field for field in Row._fields if field != "seconds"]


def leaderboard_document(
    boards: Mapping[str, Sequence[Row]],
    problems: Mapping[str, xr.Dataset],
    verdicts: Mapping[str, Sequence[str]],
    attributes: Mapping[str, str],
    files: Sequence[str],
) -> dict[str, Any]:
    """Return all leaderboards as one document for JSON, each with its verdict in sentences.

    `boards`, `problems` and `verdicts` are by problem; `attributes` are those of the results, and `files` the names of
    all files of the study. A number that is not finite becomes None.
    """
    keys = ("summary", "score", "higher_is_better", "logarithmic", "tolerance")
    described = {
        name: document_problem(problems[name], keys)
        | {
            "leaderboard": [{field: finite_or_none(getattr(row, field)) for field in FIELDS} for row in rows],
            "verdict": list(verdicts[name]),
        }
        for name, rows in boards.items()
    }
    return {**attributes, **document_failures(attributes), "problems": described, "files": list(files)}


def write_leaderboard_csv(path: Path, boards: Mapping[str, Sequence[Row]]) -> None:
    """Write all leaderboards as one table with a column for the problem, in one step; NaN becomes an empty field."""
    rows = [[name, *(getattr(row, field) for field in FIELDS)] for name, board in boards.items() for row in board]
    write_csv(path, ["problem", *FIELDS], rows)
