"""The table of pairs."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import xarray as xr

from gradlab.lab.report.findings import Finding, find_out
from gradlab.lab.report.pairs import pairs


def test_rows_beat_columns(findings: list[Finding]) -> None:
    html = pairs(findings[0])
    table = ElementTree.fromstring(html).find("div/table")
    assert table is not None
    assert len(table.findall("thead/tr/th")) == 5
    rows = [["".join(cell.itertext()) for cell in row] for row in table.findall("tbody/tr")]
    assert rows[0] == ["1", "adam", "", "100", "100"]
    assert rows[2] == ["3", "sgd", "0", "0", ""]
    assert html.count("<strong>") == 3  # each that is better is surely so
    assert "<script>" not in html


def test_one_optimizer_beats_nobody(race: dict[str, xr.Dataset]) -> None:
    assert pairs(find_out({"images": race["images"].isel(optimizer=[1])})[0]) == ""
