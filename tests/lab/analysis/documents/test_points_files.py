"""The document has all points of a small sweep, and the best ones of a large one, and says so."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis import leaderboard
from gradlab.lab.analysis.configurations import ConfigurationRow, rank_configurations, select_best_rows
from gradlab.lab.analysis.documents import points_files
from gradlab.lab.analysis.documents.points_files import points_document, write_points
from gradlab.lab.analysis.leaderboard import final_scores


@pytest.fixture
def sweep(make_sweep: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Two optimizers at 30 points, of which the second one is worse everywhere."""
    scores = np.random.default_rng(0).permutation(60.0 + np.arange(30)).reshape(1, 30, 1)
    return make_sweep(np.concatenate([scores, scores + 100]).tolist(), {"b1": np.linspace(0.1, 0.9, 30).tolist()})


def test_a_document_of_many_points_has_the_best_and_says_so(
    sweep: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rankings = {"made": rank_configurations(sweep)}
    whole = points_document(rankings, {"made": sweep}, {}, [])["problems"]["made"]
    assert len(whole["points"]) == 60
    assert "points_left_out" not in whole
    monkeypatch.setattr(points_files, "MOST_POINTS", 20)
    document = points_document(rankings, {"made": sweep}, {}, [])
    made = document["problems"]["made"]
    assert made["points_left_out"] == "the best 20 of 60 points are here; points.csv has all"
    assert made["points"] == [*whole["points"][:20], whole["points"][30]]  # and the best one of the second optimizer
    write_points(tmp_path, rankings, document)
    with (tmp_path / "points.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 60
    assert json.loads((tmp_path / "points.json").read_text()) == document


def test_a_ranking_makes_rows_as_they_are_asked_for(sweep: xr.Dataset) -> None:
    ranking = rank_configurations(sweep)
    rows = list(ranking)
    assert [row.rank for row in rows] == list(range(1, 61))
    assert all(isinstance(row, ConfigurationRow) for row in rows)
    assert repr([ranking[-1], *ranking[2:4]]) == repr([rows[59], *rows[2:4]])  # whose spread is NaN
    with pytest.raises(IndexError):
        ranking[60]
    assert [(row.rank, row.optimizer) for row in select_best_rows(ranking, 2)] == [
        (1, rows[0].optimizer), (2, rows[0].optimizer), (31, rows[30].optimizer),
    ]  # fmt: skip
    assert rows[0].optimizer != rows[30].optimizer


def test_scores_of_many_points_are_those_of_all_at_once(sweep: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for logarithmic in (0, 1):
        dataset = sweep.assign_attrs(logarithmic=logarithmic)
        whole = final_scores(dataset)
        monkeypatch.setattr(leaderboard, "POINTS_AT_A_TIME", 7)
        parts = final_scores(dataset)
        monkeypatch.undo()
        xr.testing.assert_equal(parts, whole)
        assert parts.dims == whole.dims
