"""The table has all rows, keys to sort by, and its notes."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import xarray as xr

from gradlab.lab.report.board import board, notes
from gradlab.lab.report.findings import Finding, find_out


def rows(html: str) -> list[list[ElementTree.Element]]:
    body = ElementTree.fromstring(html).find("table/tbody")  # it is well-formed XML too
    assert body is not None
    return [list(row) for row in body]


def texts(row: list[ElementTree.Element]) -> list[str]:
    return ["".join(cell.itertext()) for cell in row]


def test_rows_are_in_order_and_say_what_was_found(findings: list[Finding]) -> None:
    found = rows(board(findings[1]))
    first = texts(found[0])
    assert first[:2] == ["1", "adam"]
    assert re.fullmatch(r"[\d.]+(×10⁻.)? ×÷ [\d.]+", first[2])
    assert first[3] == "1"
    assert first[4] == "0.1"
    assert first[5] == "100 %"
    assert first[7] == "24"  # a decade every ten updates; the target is 2.4 decades down, 0.8 of the second one's three
    assert texts(found[2])[1] == "sgd"
    assert texts(found[2])[7:] == ["never", texts(found[2])[8], "2", "0.5"]


def test_every_column_has_a_heading_to_press_and_keys_to_sort_by(findings: list[Finding]) -> None:
    html = board(findings[0])
    table = ElementTree.fromstring(html).find("table")
    assert table is not None
    heads = table.findall("thead/tr/th")
    assert all(head.get("scope") == "col" and head.find("button") is not None for head in heads)
    assert [head.get("aria-sort") for head in heads].count("ascending") == 1
    falling = ["".join(head.itertext()) for head in heads if head.get("data-falls") is not None]
    assert falling == ["Test accuracy", "First in", "Good rates", "Area"]  # their best values are the highest
    for row in rows(html):
        assert len(row) == len(heads)
        assert all(cell.get("data-sort") for cell in row)
        assert row[1].get("scope") == "row"
    scores = [float(row[2].get("data-sort") or 0) for row in rows(html)]
    assert scores == sorted(scores)  # accuracies: the best sorts first


def test_notes_explain_the_marks_that_occur(race: dict[str, xr.Dataset], findings: list[Finding]) -> None:
    text = notes(findings[0])
    assert "Test accuracy (mean over updates 24 to 40): mean ± standard deviation over 4 seeds" in text
    assert "within 1 % (absolute)" in text
    assert "Target: " in text
    assert "First in: the share of the resamples" in text
    assert "may add to more than 100 %" in text
    assert "*" not in text
    edge = find_out({"images": race["images"].isel(rate=[0, 1, 2])})[0]
    assert "* the end of the grid" in notes(edge)
    assert "within a factor of 10" in notes(findings[1])


def test_an_optimizer_that_always_diverged(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].copy(deep=True)
    dataset.final_loss[0] = np.nan
    dataset.diverged[0] = True
    last = rows(board(find_out({"ravine": dataset})[0]))[-1]
    assert texts(last)[1:3] == ["sgd", "diverged"]
    assert texts(last)[4] == "–"
    assert texts(last)[5] == "–"
    assert last[2].get("data-sort") == "Infinity"


def test_where_nothing_survived_it_is_said(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].copy(deep=True)
    dataset.final_loss[:] = np.nan
    dataset.diverged[:] = True
    finding = find_out({"ravine": dataset})[0]
    assert [texts(row)[5] for row in rows(board(finding))] == ["–"] * 3
    text = notes(finding)
    assert "No optimizer survived, so that there is no score to compare" in text
    assert "Target: none, because too many diverged." in text
    assert "No optimizer survived" not in notes(find_out(race)[1])


def test_one_optimizer_at_one_rate_from_one_seed(race: dict[str, xr.Dataset]) -> None:
    alone = race["ravine"].isel(optimizer=[1], rate=[2], seed=[0]).assign_coords(role=("seed", ["both"]))
    text = notes(find_out({"ravine": alone})[0])
    assert "over 1 seed, at" in text
    assert "which most of its runs reach" in text
    assert "Diverged: of 1 run at" in text
