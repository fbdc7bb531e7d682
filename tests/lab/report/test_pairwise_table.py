"""The table of pairs says how often the optimizer of a row beats that of a column."""

from __future__ import annotations

import xarray as xr

from gradlab.lab._report.page import render_page
from gradlab.lab._report.pairwise_table import Pair, pairwise_rows
from gradlab.lab._report.problem_findings import Finding, compute_findings

from .conftest import HOSTILE, tables_in


def test_rows_beat_columns(findings: list[Finding]) -> None:
    first, second, third = pairwise_rows(findings[0])
    assert (first.rank, first.optimizer, first.pairs) == (1, "adam", [None, Pair(100, True, 45), Pair(100, True, 45)])
    assert (second.optimizer, second.pairs) == (HOSTILE, [Pair(0, False, 0), None, Pair(100, True, 45)])
    assert (third.optimizer, third.pairs) == ("sgd", [Pair(0, False, 0), Pair(0, False, 0), None])


def test_the_page_has_a_column_for_each_row_and_what_is_sure_in_bold(
    race: dict[str, xr.Dataset], attributes: dict[str, str]
) -> None:
    table = tables_in(render_page(race, attributes))["Who beats whom: images"]
    assert len(table.findall("thead/tr/th")) == 2 + 3
    rows = [["".join(cell.itertext()) for cell in row] for row in table.findall("tbody/tr")]
    assert rows[0] == ["1", "adam", "", "100", "100"]
    assert rows[2] == ["3", "sgd", "0", "0", ""]
    assert len(table.findall("tbody/tr/td/strong")) == 3


def test_equals_have_the_same_rank(race: dict[str, xr.Dataset]) -> None:
    adam = race["images"].isel(optimizer=[1])
    twins = xr.concat([adam.assign_coords(optimizer=["twin"]), adam], "optimizer")
    assert [(row.rank, row.optimizer) for row in pairwise_rows(compute_findings({"images": twins})[0])] == [
        (1, str(adam.optimizer.values[0])), (1, "twin"),
    ]  # fmt: skip


def test_one_optimizer_beats_nobody(race: dict[str, xr.Dataset], attributes: dict[str, str]) -> None:
    alone = {"images": race["images"].isel(optimizer=[1])}
    assert pairwise_rows(compute_findings(alone)[0]) == []
    assert "Who beats whom" not in render_page(alone, attributes)
