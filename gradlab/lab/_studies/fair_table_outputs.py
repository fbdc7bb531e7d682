"""The files of a fair table in the folder of a finished race."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from .._inputs.user_errors import read_failures
from .._results.step_costs import measure_costs
from .._results.study_folder import TABLES
from .._storage.files import DamagedJSONError, read_json
from ..analysis.comparison.fair_table import TableRow, describe_budget, describe_limits, fair_table
from ..analysis.documents.fair_table_files import fair_table_document, write_fair_table_csv, write_fair_table_markdown
from ..analysis.documents.table_files import drop_varying_attributes, write_json
from .open_study import OpenStudy


class FairTable(NamedTuple):
    """A fair table as it was made: rows, sentences, and the document that is in `table.json`."""

    rows: list[TableRow]
    problems: list[str]
    budget: str
    limits: list[str]
    document: dict[str, Any]
    attributes: dict[str, str]


def make_fair_table(opened: OpenStudy, results: xr.DataTree, say: Callable[[str], None]) -> FairTable:
    """Return the table of a finished race. Costs are measured, unless `table.json` has them for the same race."""
    datasets = {str(name): node.to_dataset() for name, node in results.children.items()}
    attributes = {str(name): str(value) for name, value in results.attrs.items()}
    names = list(dict.fromkeys(str(name) for dataset in datasets.values() for name in dataset.optimizer.values))
    costs = _read_costs(opened.out, attributes, names)
    if costs is None:
        say("measuring the memory and the time of an update of each optimizer")
        tasks = {task.name: task for task in opened.study.tasks}  # type: ignore[attr-defined]
        costs = measure_costs(
            {name: partial(tasks[name].make_optimizer, tasks[name].point_count // 2) for name in names if name in tasks}
        )
    rows = fair_table(datasets, costs["optimizers"])
    failed = read_failures(attributes) if "failed" in attributes else {}
    limits = describe_limits(datasets, rows, costs, failed)
    limits += [f"No memory and time of {name} ({reason})." for name, reason in costs["failed"].items()]
    budget = describe_budget(datasets)
    document = fair_table_document(rows, budget, limits, costs, drop_varying_attributes(attributes))
    return FairTable(rows, list(datasets), budget, limits, document, attributes)


def write_fair_table(
    out: Path, table: FairTable, columns: Mapping[str, Sequence[str]], notes: Sequence[str]
) -> list[str]:
    """Write the table in Markdown, CSV and JSON; return the names of the files. Raises OSError if the disk refuses."""
    write_fair_table_markdown(out / TABLES[0], columns, table.budget, notes, table.attributes)
    write_fair_table_csv(out / TABLES[1], table.rows, table.problems)
    write_json(out / TABLES[2], table.document)
    return list(TABLES)


def _read_costs(out: Path, attributes: Mapping[str, str], names: Sequence[str]) -> dict[str, Any] | None:
    """Return the costs in `table.json`, if it is of the same race and has them for all optimizers; else None."""
    try:
        document = read_json(out / TABLES[2])
    except (OSError, DamagedJSONError):
        return None
    costs = document.get("costs")
    if document.get("plan") != attributes.get("plan") or not isinstance(costs, dict):
        return None
    known = {*costs.get("optimizers", {}), *costs.get("failed", {})}
    return costs if set(names) <= known else None
