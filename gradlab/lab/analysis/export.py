"""The leaderboards as files: JSON for programs, CSV for tables."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from ..inputs.user_errors import read_failures
from ..results.results_file import VARYING
from ..storage.files import read_regular
from ..storage.files import write_text as write_text
from .choosing_metric import chosen_by
from .leaderboard import Row

FIELDS = [field for field in Row._fields if field != "seconds"]


_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what formulas begin with, in one spreadsheet or another


def document(
    boards: Mapping[str, Sequence[Row]],
    problems: Mapping[str, xr.Dataset],
    verdicts: Mapping[str, Sequence[str]],
    attributes: Mapping[str, str],
    files: Sequence[str],
) -> dict[str, Any]:
    """All leaderboards as one JSON-ready dictionary, each with its verdict in sentences; NaN becomes None.

    Seconds are left out, here and in the table: they differ from run to run, and are kept with the provenance.
    """
    described = {
        name: {
            key: problems[name].attrs[key]
            for key in ("summary", "score", "higher_is_better", "logarithmic", "tolerance")
        }
        | {
            "chosen_by": chosen_by(problems[name].attrs),
            "steps": problems[name].sizes["step"],
            "seeds": problems[name].sizes["seed"],
            "leaderboard": [{field: plain(getattr(row, field)) for field in FIELDS} for row in rows],
            "verdict": list(verdicts[name]),
        }
        for name, rows in boards.items()
    }
    return {**attributes, **failures_in(attributes), "problems": described, "files": list(files)}


def failures_in(attributes: Mapping[str, str]) -> dict[str, Any]:
    """The contestants that failed, for a document: problem -> optimizer -> why; nothing if all are there."""
    return {"failed": read_failures(attributes)} if "failed" in attributes else {}


def fixed(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes of results that every run of one plan has in common."""
    return {name: value for name, value in attributes.items() if name not in VARYING}


def json_text(content: Mapping[str, Any]) -> str:
    """A document as it is printed, and as it stands in a file."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a document, in one step."""
    write_text(path, json_text(content) + "\n")


def is_written(path: Path, content: Mapping[str, Any]) -> bool:
    """Whether a file is what `write_json` makes of a document, and the files that it names are there."""
    try:
        found = read_regular(path)
        is_there = all((path.parent / name).exists() for name in content["files"])
    except (OSError, ValueError):
        return False
    return is_there and found == (json_text(content) + "\n").encode("utf-8", "backslashreplace")


def cell(value: Any) -> Any:
    """A value for a CSV table: text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def write_csv(path: Path, boards: Mapping[str, Sequence[Row]]) -> None:
    """Write all leaderboards as one table with a column for the problem, in one step; NaN becomes an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["problem", *FIELDS])
    for name, rows in boards.items():
        for row in rows:
            values = [plain(getattr(row, field)) for field in FIELDS]
            writer.writerow(map(cell, [name, *("" if value is None else value for value in values)]))
    write_text(path, text.getvalue())


def plain(value: Any) -> Any:
    """A value for JSON: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
