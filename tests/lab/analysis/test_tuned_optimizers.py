"""Optimizers are compared at their best configurations, which other seeds chose."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.configurations import rank_configurations, select_best_rows
from gradlab.lab.analysis.documents.points_files import points_document, write_points
from gradlab.lab.analysis.tuned_optimizers import describe_rates_at_edge, select_best_points, tuned_leaderboard

AT = {"learning_rate": [0.1, 0.1, 1.0, 1.0], "b1": [0.8, 0.9, 0.8, 0.9]}
NAN = float("nan")
OWN = 0.01 * np.arange(8)  # decades between the seeds, the second half of which reports


@pytest.fixture
def swept(make_sweep: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Of adam the third point is the best one on the choosing seeds, of sgd the second; sgd is far behind."""
    decades = np.array([[-1.0, -2, -1, -1], [-4, -5, -6, -3]])[..., None] + OWN
    decades[1, 1, 4:] = -9  # better on the reporting seeds, which choose nothing
    return make_sweep(10.0**decades, AT)


def test_each_optimizer_is_at_its_best_configuration(swept: xr.Dataset) -> None:
    rows, verdict = tuned_leaderboard(swept)
    assert [(row.rank, row.optimizer) for row in rows] == [(1, "adam"), (2, "sgd")]
    assert [row.hyperparameters for row in rows] == [
        {"learning_rate": 1.0, "b1": 0.8}, {"learning_rate": 0.1, "b1": 0.9},
    ]  # fmt: skip
    np.testing.assert_allclose([np.log10(row.score) for row in rows], [-6 + OWN[4:].mean(), -2 + OWN[4:].mean()])
    assert [(row.rank_low, row.rank_high, row.diverged, row.runs) for row in rows] == [(1, 1, 0, 8), (2, 2, 0, 8)]
    assert verdict == [
        "adam comes first with 95 % confidence, ahead of sgd (4 seeds).",
        "The best rates of sgd and adam lie at the ends of their grids, so better ones may lie beyond; take a wider "
        "grid, --set learning_rate=log:LOW:HIGH:COUNT.",
    ]


def test_samples_and_grids_without_a_rate_are_tuned_too(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = 10.0 ** (np.array([[-4.0, -5], [-1, -2]])[..., None] + OWN)
    for sampler in ("grid", "sobol", "tpe"):
        race = select_best_points(make_sweep(scores, {"b1": [0.8, 0.9]}, sampler))
        assert race.final_loss.dims[:3] == ("optimizer", "rate", "seed")
        assert race.b1.values.tolist() == [[0.9], [0.9]]
        assert np.isnan(race.learning_rate).all()
        rows, _ = tuned_leaderboard(make_sweep(scores, {"b1": [0.8, 0.9]}, sampler))
        assert [row.hyperparameters for row in rows] == [{"b1": 0.9}] * 2
        assert rows[0].score == pytest.approx(10 ** (-5 + OWN[4:].mean()))


def test_an_optimizer_that_always_diverged_is_last(swept: xr.Dataset) -> None:
    lost = swept.copy(deep=True)
    lost.final_loss[1] = np.nan
    lost.diverged[1] = True
    rows, _ = tuned_leaderboard(lost)
    assert [(row.optimizer, row.hyperparameters) for row in rows][1] == ("adam", {})
    lost.final_loss[..., 1:] = np.nan
    assert tuned_leaderboard(lost)[1] == ["No optimizer has a score, because runs of every one of them diverged."]


def test_every_optimizer_is_among_the_points_that_are_shown(swept: xr.Dataset, tmp_path: Path) -> None:
    ranking = rank_configurations(swept)
    assert [(point.rank, point.optimizer) for point in select_best_rows(ranking, 2)] == [
        (1, "adam"), (2, "adam"), (5, "sgd"),
    ]  # fmt: skip
    content = points_document({"made": ranking}, {"made": swept}, {}, [])
    write_points(tmp_path, {"made": ranking}, content)
    described = json.loads((tmp_path / "points.json").read_text())["problems"]["made"]
    assert [row["optimizer"] for row in described["optimizers"]] == ["adam", "sgd"]
    assert described["optimizers"][0]["hyperparameters"] == {"learning_rate": 1.0, "b1": 0.8}
    assert "comes first" in described["verdict"][0]
    with (tmp_path / "points.csv").open() as file:
        places = [row["optimizer_rank"] for row in csv.DictReader(file)]
    assert places == ["1", "", "", "", "2", "", "", ""]


def test_diverged_runs_are_those_of_the_best_configuration(swept: xr.Dataset) -> None:
    lost = swept.copy(deep=True)
    for point, seeds in ((2, [5]), (0, [0, 1, 6])):  # the best point of adam, and another one
        lost.final_loss[1, point, seeds, -1] = np.nan
        lost.diverged[1, point, seeds] = True
    (adam,) = (row for row in tuned_leaderboard(lost)[0] if row.optimizer == "adam")
    assert adam.hyperparameters == {"learning_rate": 1.0, "b1": 0.8}
    assert (adam.diverged, adam.runs) == (1, 8)


SCORES = 10.0 ** (np.array([[-6.0, -2, -3, -1], [-1, -4, -3, -2]])[..., None] + OWN)  # best at the first, the second


def test_a_best_rate_at_the_end_of_those_that_were_tried_is_named(make_sweep: Callable[..., xr.Dataset]) -> None:
    rates = [0.01, 0.1, 1.0, 10.0]
    assert describe_rates_at_edge(make_sweep(SCORES, {"learning_rate": rates})) == [
        "The best rate of sgd lies at the end of its grid, so a better one may lie beyond; take a wider grid, "
        "--set learning_rate=log:LOW:HIGH:COUNT."
    ]
    assert describe_rates_at_edge(make_sweep(SCORES, {"learning_rate": rates[::-1]}, "tpe")) == [
        "The best rate of sgd lies at the end of those that were tried, so a better one may lie beyond; take a wider "
        "range, --set learning_rate=log:LOW:HIGH."
    ]


@pytest.mark.parametrize(
    "points",
    [
        {"learning_rate": [0.1, 0.01, 1.0, 10.0], "b1": [0.1, 0.2, 0.3, 0.4]},
        {"learning_rate": [0.1, 0.1, 0.1, 0.1], "b1": [0.1, 0.2, 0.3, 0.4]},
        {"learning_rate": [NAN, 0.1, 1.0, 10.0], "b1": [0.1, 0.2, 0.3, 0.4]},
        {"b1": [0.1, 0.2, 0.3, 0.4]},
    ],
    ids=["inside", "single", "absent", "not swept"],
)
def test_no_other_best_point_is_named(points: dict[str, list[float]], make_sweep: Callable[..., xr.Dataset]) -> None:
    assert describe_rates_at_edge(make_sweep(SCORES[:1], points)) == []
    assert describe_rates_at_edge(make_sweep(np.full((1, 4, 8), NAN), {"learning_rate": [0.1, 1, 10, 100]})) == []


def test_choices_that_stand_for_rates_have_no_ends(make_sweep: Callable[..., xr.Dataset]) -> None:
    chosen = make_sweep(SCORES, {"learning_rate": [0, 1, 2, 3]}, categories='{"learning_rate": ["a", "b", "c", "d"]}')
    assert describe_rates_at_edge(chosen) == []
