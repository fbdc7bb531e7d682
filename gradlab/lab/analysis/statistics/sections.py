"""All statistics of a study, section by section: a table, and sentences that say what was computed, or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import xarray as xr

from ..sweep_as_race import as_race
from ..table_files import finite_or_none
from .budget_sentences import describe_tuning_budget
from .rate_sensitivity import describe_rate_sensitivity, rate_sensitivity
from .tuning_budget import tuning_budget


class Section(NamedTuple):
    """One statistic of one problem, or of all problems."""

    name: str  # of its function, such as "tuning_budget"
    title: str
    table: xr.Dataset | None  # None if the results do not allow it
    sentences: list[str]


def problem_sections(dataset: xr.Dataset) -> list[Section]:
    """Return the statistics of the results on one problem."""
    return [
        _section("tuning_budget", "Tuning budget", lambda: tuning_budget(dataset), describe_tuning_budget),
        _section(
            "rate_sensitivity", "Sensitivity to the learning rate", lambda: rate_sensitivity(as_race(dataset)),
            describe_rate_sensitivity,
        ),
    ]  # fmt: skip


def _section(
    name: str, title: str, compute: Callable[[], xr.Dataset], describe: Callable[[xr.Dataset], list[str]]
) -> Section:
    try:
        table = compute()
    except ValueError as error:  # these results do not allow it, and the message says why
        return Section(name, title, None, [f"Not computed: {error}."])
    return Section(name, title, table, describe(table))


def section_document(section: Section) -> dict[str, Any]:
    """Return a section as JSON can hold it: a row for each entry of the table; None for what is not finite."""
    if section.table is None:
        return {"rows": [], "sentences": section.sentences}
    frame = section.table.drop_vars("family", errors="ignore").to_dataframe().reset_index()
    rows = [{str(name): finite_or_none(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return {"rows": rows, "sentences": section.sentences}
