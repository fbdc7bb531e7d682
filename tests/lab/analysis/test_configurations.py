"""Points are ranked by the seeds for choosing, and reported on the others."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.configurations import rank_configurations
from gradlab.lab.analysis.documents.points_files import points_document, write_points

NAN = float("nan")
AT = {"learning_rate": [0.1, 1.0, 10.0, 100.0]}
SCORES = [[[1e-3, 1e-1], [1e-2, 1e-4], [NAN, 1e-9], [1e-1, NAN]]]  # (choose, report)


def test_the_order_is_of_choosing_and_the_score_of_reporting(make_sweep: Callable[..., xr.Dataset]) -> None:
    found = rank_configurations(make_sweep(SCORES, AT))
    assert [point.hyperparameters["learning_rate"] for point in found] == [0.1, 1.0, 100.0, 10.0]
    assert [point.rank for point in found] == [1, 2, 3, 4]
    assert [point.diverged for point in found] == [0, 0, 1, 1]
    np.testing.assert_allclose([point.chosen_by for point in found], [1e-3, 1e-2, 1e-1, NAN])
    np.testing.assert_allclose([point.score for point in found], [1e-1, 1e-4, NAN, 1e-9])
    assert all(np.isnan(point.spread) for point in found)  # of one seed


def test_equals_share_a_rank_in_the_order_of_the_results(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = [
        [[1e-2, 1e-1], [1e-2, 1e-4], [NAN, 1e-9], [1e-3, 1e-3]],
        [[NAN, 1.0], [1e-3, 1e-3], [1.0, 1.0], [1e-2, 1]],
    ]
    found = rank_configurations(make_sweep(scores, AT))
    assert [(point.rank, point.optimizer, point.hyperparameters["learning_rate"]) for point in found] == [
        (1, "sgd", 100.0), (1, "adam", 1.0), (3, "sgd", 0.1), (3, "sgd", 1.0), (3, "adam", 100.0), (6, "adam", 10.0),
        (7, "sgd", 10.0), (7, "adam", 0.1),
    ]  # fmt: skip


def test_accuracies_are_ranked_from_the_top(make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    scores = [[[0.5, 0.5, 0.4, 0.6], [0.8, 0.9, 0.7, 0.8]], [[0.9, 0.9, 0.9, 0.9], [NAN, 1.0, 1.0, 1.0]]]
    found = rank_configurations(make_sweep(scores, {"b1": [0.8, 0.9]}, **accuracy))
    assert [(point.optimizer, point.hyperparameters["b1"]) for point in found] == [
        ("adam", 0.8), ("sgd", 0.9), ("sgd", 0.8), ("adam", 0.9),
    ]  # fmt: skip
    assert found[1].score == pytest.approx(0.75)
    assert found[1].spread == pytest.approx(0.0707, rel=1e-2)


def test_the_files_have_every_point(make_sweep: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    dataset = make_sweep(SCORES, AT)
    rankings = {"made": rank_configurations(dataset)}
    content = points_document(rankings, {"made": dataset}, {"gradlab": "1"}, ["results.nc"])
    write_points(tmp_path, rankings, content)
    assert json.loads((tmp_path / "points.json").read_text()) == content
    assert content["files"] == ["results.nc"]
    assert content["problems"]["made"]["points"][3]["chosen_by"] is None
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["learning_rate"] for row in rows] == ["0.1", "1.0", "100.0", "10.0"]
    assert (rows[3]["chosen_by"], rows[0]["problem"], rows[0]["optimizer"]) == ("", "made", "sgd")


def test_a_race_is_not_ranked_by_points(make_dataset: Callable[..., xr.Dataset]) -> None:
    race = make_dataset([[[1.0, 1.0]]], [0.1], ["choose", "report"])
    with pytest.raises(ValueError, match="expected the Dataset of a sweep or a search"):
        rank_configurations(race)
