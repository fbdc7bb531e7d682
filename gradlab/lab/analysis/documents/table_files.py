"""Documents and tables as files, in JSON and CSV: what those of leaderboards and of points have in common."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import xarray as xr

from ..._inputs.user_errors import read_failures
from ..._results.results_file import ORIGINS, VARYING
from ..._results.thinned_curves import count_made_updates, count_updates, is_pruned
from ..._storage.files import read_regular, replace_file, write_text
from ..choosing_metric import choosing_metric

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what formulas begin with, in one spreadsheet or another


def drop_varying_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of results that are the same in every run of one plan: not the date, for example."""
    return {name: value for name, value in attributes.items() if name not in (*VARYING, *ORIGINS)}


def document_failures(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry `failed` of a document, problem -> optimizer -> reason, or nothing if no contestant failed."""
    return {"failed": read_failures(attributes)} if "failed" in attributes else {}


def document_problem(dataset: xr.Dataset, keys: Sequence[str]) -> dict[str, Any]:
    """Return what a document says of a problem before its results: these attributes, and the size of the study."""
    return {
        **{key: dataset.attrs[key] for key in keys},
        "chosen_by": choosing_metric(dataset.attrs),
        "steps": count_updates(dataset),
        "seeds": dataset.sizes["seed"],
        **document_pruning(dataset),
    }


def document_pruning(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the entry `pruning` of a problem in a document, or nothing if no run could be stopped early."""
    if not is_pruned(dataset):
        return {}
    whole = count_updates(dataset) * dataset.diverged.size
    return {
        "pruning": {
            "rule": dataset.attrs["pruning"],
            "updates_made": int(count_made_updates(dataset).sum()),
            "updates": whole,
        }
    }


def finite_or_none(value: Any) -> Any:
    """Return a value as JSON can hold it: None for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def format_json(content: Mapping[str, Any]) -> str:
    """Return the text of a document, as it is printed and as it stands in a file."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a document, in one step."""
    write_text(path, format_json(content) + "\n")


def is_written(path: Path, content: Mapping[str, Any]) -> bool:
    """Say whether a file holds exactly this document, and all files that the document names exist beside it."""
    try:
        text = read_regular(path)
        has_all_files = all((path.parent / name).exists() for name in content["files"])
    except (OSError, ValueError):
        return False
    return has_all_files and text == (format_json(content) + "\n").encode("utf-8", "backslashreplace")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table, in one step; None and NaN become empty fields."""
    with (
        replace_file(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\n")
        for row in chain([header], rows):
            values = (finite_or_none(value) for value in row)
            writer.writerow("" if value is None else escape_formula(value) for value in values)


def escape_formula(value: Any) -> Any:
    """Return a value for a CSV table, with an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
