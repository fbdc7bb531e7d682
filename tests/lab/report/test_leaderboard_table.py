"""The leaderboard has all rows, keys to sort by, and its notes."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from gradlab.lab._report.leaderboard_table import leaderboard_notes, leaderboard_rows
from gradlab.lab._report.page import render_page
from gradlab.lab._report.problem_findings import Finding, compute_findings

from .conftest import tables_in


def texts(finding: Finding) -> list[list[str]]:
    """The texts of all cells, row by row."""
    return [
        [row.rank.text, row.optimizer, row.score.text, row.rank_interval.text, row.rate.text]
        + [cell.text for cell in row.others]
        for row in leaderboard_rows(finding)
    ]


def test_rows_are_in_order_and_say_what_was_found(findings: list[Finding]) -> None:
    first, _, last = texts(findings[1])
    assert first[:2] == ["1", "adam"]
    assert re.fullmatch(r"[\d.]+(×10⁻.)? ×÷ [\d.]+", first[2])
    assert first[3:6] == ["1", "0.1", "100 %"]
    assert first[7] == "24"  # a decade every ten updates; the target is 2.4 decades down, 0.8 of the second one's three
    assert last[1] == "sgd"
    assert last[7:] == ["never", last[8], "2", "0.5"]


def test_the_page_has_headings_to_press_and_keys_to_sort_by(
    race: dict[str, xr.Dataset], attributes: dict[str, str]
) -> None:
    table = tables_in(render_page(race, attributes))["Leaderboard: images"]
    heads = table.findall("thead/tr/th")
    assert all(head.get("scope") == "col" and head.find("button") is not None for head in heads)
    assert [head.get("aria-sort") for head in heads] == ["ascending"] + [None] * 10
    falling = ["".join(head.itertext()) for head in heads if head.get("data-falls") is not None]
    assert falling == ["Test accuracy", "First in", "Good rates", "Area"]  # their best values are the highest
    rows = table.findall("tbody/tr")
    assert len(rows) == 3
    for row in rows:
        assert len(row) == len(heads)
        assert all(cell.get("data-sort") for cell in row)
        assert row[1].get("scope") == "row"
    scores = [float(row[2].get("data-sort") or 0) for row in rows]
    assert scores == sorted(scores)  # accuracies: the best sorts first
    assert scores[0] < scores[-1]


def test_a_rank_has_a_bar_from_the_first_place_to_the_last(findings: list[Finding]) -> None:
    places = [row.bar for row in leaderboard_rows(findings[0])]
    assert [bar.rank for bar in places] == [4, 21, 38]  # a third of the way from 4 to 38 pixels for each place
    assert [(bar.low, bar.high) for bar in places] == [(4, 4), (21, 21), (38, 38)]
    assert {(bar.start, bar.end, bar.width) for bar in places} == {(4, 38, 42)}


def test_a_rank_that_equals_share_is_explained(race: dict[str, xr.Dataset], findings: list[Finding]) -> None:
    assert "Rank" not in dict(leaderboard_notes(findings[0]))
    twins = xr.concat(
        [race["images"].isel(optimizer=[1]).assign_coords(optimizer=["twin"]), race["images"]], "optimizer"
    )
    (finding,) = compute_findings({"images": twins})
    assert [row.rank.text for row in leaderboard_rows(finding)] == ["1", "1", "3", "4"]
    assert dict(leaderboard_notes(finding))["Rank"] == "Equals share a rank (1, 2, 2, 4)."


def test_notes_explain_the_columns_and_the_marks_that_occur(
    race: dict[str, xr.Dataset], findings: list[Finding]
) -> None:
    notes = dict(leaderboard_notes(findings[0]))
    assert notes["Test accuracy"] == (
        "mean ± standard deviation over 4 seeds, at the rate that was best on 4 others. The score of a run: mean over "
        "updates 24 to 40."
    )
    assert "whose score is within 1 % (absolute) of the best" in notes["Good rates"]
    assert "which half of the optimizers reach" in notes["To target"]
    assert "may add up to more than 100 %" in notes["First in"]
    assert not {"*", ">", "†"} & set(notes)
    edge = compute_findings({"images": race["images"].isel(rate=[0, 1, 2])})[0]
    assert "end of the grid" in dict(leaderboard_notes(edge))["*"]
    assert "within a factor of 10" in dict(leaderboard_notes(findings[1]))["Good rates"]


def test_an_optimizer_that_always_diverged(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].copy(deep=True)
    dataset.final_loss[0] = np.nan
    dataset.diverged[0] = True
    finding = compute_findings({"ravine": dataset})[0]
    last = texts(finding)[-1]
    assert last[1:3] == ["sgd", "diverged"]
    assert last[4:6] == ["–", "–"]
    assert leaderboard_rows(finding)[-1].score.sort_key == "Infinity"


def test_where_nothing_survived_it_is_said(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].copy(deep=True)
    dataset.final_loss[..., 1:] = np.nan
    dataset.diverged[:] = True
    finding = compute_findings({"ravine": dataset})[0]
    assert [row[5] for row in texts(finding)] == ["–"] * 3
    notes = dict(leaderboard_notes(finding))
    assert notes["Loss"] == "no optimizer has one, because runs of every one of them diverged."
    assert notes["To target"] == "there is no target, because too many runs diverged."
    dataset.final_loss[:] = np.nan
    notes = dict(leaderboard_notes(compute_findings({"ravine": dataset})[0]))
    assert notes["Loss"].startswith("no optimizer has one: the loss is NaN before the first update; look at the data")
    assert "no optimizer" not in dict(leaderboard_notes(compute_findings(race)[1]))["Loss"]


def test_one_optimizer_at_one_rate_from_one_seed(race: dict[str, xr.Dataset]) -> None:
    alone = race["ravine"].isel(optimizer=[1], rate=[2], seed=[0]).assign_coords(role=("seed", ["both"]))
    notes = dict(leaderboard_notes(compute_findings({"ravine": alone})[0]))
    assert "over 1 seed, at the best rate for the same seed." in notes["Loss"]
    assert "which most of its runs reach" in notes["To target"]
    assert notes["Diverged"] == "of 1 run at all learning rates."
    assert notes["Rank, 95 %"].startswith("not known: 1 reporting seed")


def test_rows_have_their_marks_intervals_and_keys(race: dict[str, xr.Dataset], findings: list[Finding]) -> None:
    dataset = race["ravine"].copy(deep=True).isel(rate=[0, 1, 2])  # the best rate is at the end of the grid
    dataset.final_loss[1, 2, 5, 3:] = np.nan
    dataset.diverged[1, 2, 5] = True
    (finding,) = compute_findings({"ravine": dataset})
    adam = {row.optimizer: row for row in leaderboard_rows(finding)}["adam"]
    assert adam.score.text.endswith("†")
    assert adam.rate.text == "0.1*"
    first = leaderboard_rows(findings[0])[0]
    assert not first.score.text.endswith("†")
    assert first.rate.text == "0.1"
    assert first.rate_interval == ""
    rates = findings[0].rates
    wider = leaderboard_rows(findings[0]._replace(rates=rates.assign(low=rates.low * 0 + 0.01, high=rates.high)))[0]
    assert wider.rate_interval == "0.01–0.1"
    for row, measured in zip(leaderboard_rows(findings[0]), findings[0].rows):
        assert row.others[1].key == -measured.good_decades  # the widest range sorts first
