"""What is chosen is chosen by the validation metric, and what is reported is the test metric, everywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from rich.console import Console

import gradlab as gl
from gradlab.cli.study_tables.leaderboard_table import print_leaderboard
from gradlab.lab._report.answers import answer_race
from gradlab.lab._report.chart_data import sensitivity_data as sensitivity_series
from gradlab.lab._report.leaderboard_table import leaderboard_notes
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.lab._report.reproduction import describe_reproduction
from gradlab.lab._results import results_file
from gradlab.lab._results.plan import compare_plans, make_plan
from gradlab.lab._studies.search import search
from gradlab.lab._studies.search_space import Log
from gradlab.lab._studies.sweep import SweepStudy, sweep
from gradlab.lab.analysis.choosing_metric import (
    choosing_metric,
    describe_choosing_metric,
    label_choosing_metric,
    with_choosing_metric,
)
from gradlab.lab.analysis.comparison import rate_intervals
from gradlab.lab.analysis.configurations import rank_configurations
from gradlab.lab.analysis.documents.leaderboard_files import leaderboard_document
from gradlab.lab.analysis.documents.points_files import points_document
from gradlab.lab.analysis.leaderboard import best_rate_index, leaderboard
from gradlab.lab.plots import draw_effect, draw_heat_map, draw_sensitivity
from gradlab.lab.problems import Problem
from gradlab.lab.problems.base import Score

ROLES = ["choose"] * 4 + ["report"] * 4
RATES = [0.01, 0.1, 1.0]
TEST = np.array([0.90, 0.97, 0.80])  # by rate: the second looks best to one who tunes on the test sample
VALIDATION = np.array([0.96, 0.91, 0.70])  # but the first one is chosen
PULL = 3.0  # where the validation loss of `Leaky` is least; its test loss is least at zero


class Leaky(Problem):
    """One update from 1 at a rate of r ends at 1 - r: the test is passed by a rate of 1, validation by -2."""

    name, summary, steps = "leaky", "Its validation and its test disagree.", 1
    score = Score("test_loss", "test loss", logarithmic=False, tolerance=0.1, chosen_by="validation_loss")

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.ones((), jnp.float32)

    def loss(self, params: jax.Array, batch: Any) -> jax.Array:
        return 0.5 * params**2

    def metrics(self, params: jax.Array) -> dict[str, jax.Array]:
        return {"test_loss": params**2, "validation_loss": (params - PULL) ** 2}


@pytest.fixture
def split(make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> xr.Dataset:
    """One optimizer whose test and validation accuracies choose different rates."""
    noise = np.array([0.001, -0.001] * 4)
    made = make_dataset([TEST[:, None] + noise], RATES, ROLES, **accuracy)
    return with_validation(made, VALIDATION[:, None] + noise)


def with_validation(made: xr.Dataset, finals: np.ndarray) -> xr.Dataset:
    curves = np.stack([np.full_like(finals, 0.1), finals], -1)[None]
    made = made.rename(final_loss="test_accuracy").assign(validation_accuracy=(made.final_loss.dims, curves))
    return made.assign_attrs(score="test_accuracy", chosen_by="validation_accuracy")


def test_the_rate_is_the_best_in_validation_and_the_score_its_test(split: xr.Dataset) -> None:
    (row,) = leaderboard(split)
    assert (row.best_rate, row.at_edge) == (0.01, True)
    assert row.score == pytest.approx(0.90)
    assert row.good_decades == pytest.approx(0.2)  # 0.05 of accuracy are lost in a decade, and 0.01 may be
    assert rate_intervals(split)["rate"].values.tolist() == rate_intervals(split).high.values.tolist() == [0.01]
    (old,) = leaderboard(split.assign_attrs(chosen_by="test_accuracy"))
    assert old.best_rate == 0.1
    assert old.score == pytest.approx(0.97)


def test_a_single_seed_does_not_leak(split: xr.Dataset) -> None:
    single = split.isel(seed=[0]).assign_coords(role=("seed", ["both"]))
    (row,) = leaderboard(single)
    assert row.best_rate == 0.01
    assert row.score == pytest.approx(0.901)
    assert "mean ± spread over 1 seed, at the rate with the best validation accuracy." in printed(single)


def test_no_test_value_can_change_what_is_chosen(split: xr.Dataset) -> None:
    scrambled = split.assign(test_accuracy=split.test_accuracy.isel(rate=[2, 0, 1]) * np.nan)
    xr.testing.assert_equal(best_rate_index(scrambled), best_rate_index(split))
    other = split.assign(validation_accuracy=split.validation_accuracy.isel(rate=[2, 0, 1]))
    assert int(best_rate_index(other)[0]) == 1


def test_results_without_a_choosing_metric_are_as_before(split: xr.Dataset) -> None:
    old = split.copy()
    del old.attrs["chosen_by"]
    assert with_choosing_metric(old) is old
    assert leaderboard(old)[0].best_rate == 0.1
    assert (choosing_metric(old.attrs), label_choosing_metric(old.attrs), describe_choosing_metric(old.attrs)) == (
        "test_accuracy", "test accuracy", "",
    )  # fmt: skip
    assert "at the rate that was best on 4 others." in printed(old)


def test_points_are_ranked_by_validation(make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    noise = np.array([0.001, -0.001] * 4)
    made = make_sweep([TEST[:, None] + noise], {"learning_rate": np.array(RATES)}, **accuracy)
    made = with_validation(made, VALIDATION[:, None] + noise)
    found = rank_configurations(made)
    assert [point.hyperparameters["learning_rate"] for point in found] == RATES
    np.testing.assert_allclose([point.chosen_by for point in found], VALIDATION)
    np.testing.assert_allclose([point.score for point in found], TEST)
    described = points_document({"made": found}, {"made": made}, {}, [])["problems"]["made"]
    assert (described["score"], described["chosen_by"]) == ("test_accuracy", "validation_accuracy")
    axes = draw_effect(Figure().subplots(), made, "learning_rate")
    assert axes.get_ylabel() == "validation error (%), after 10 updates"
    (best,) = [line for line in axes.lines if line.get_label() == "_best"]
    assert np.asarray(best.get_xdata())[0] == 0.01


def test_a_search_and_a_sweep_of_a_problem_choose_by_validation() -> None:
    axes: Any = {"learning_rate": Log(1e-3, 10)}
    for seeds in (1, 2):
        found = search(Leaky(), gl.sgd, axes, trials=24, batch=8, seeds=seeds).gradlab.dataset()
        first = rank_configurations(found)[0]
        assert float(first.hyperparameters["learning_rate"]) < 0.01  # validation wants no update, and the test one of 1
        assert first.chosen_by == pytest.approx((PULL - 1) ** 2, rel=0.02)
        assert first.score == pytest.approx(1, rel=0.02)
    late = found.learning_rate.values[0, 16:]
    assert np.median(late) < 0.01  # Optuna was told of the validation, and goes where that is good
    data = sweep(Leaky(), gl.sgd, {"learning_rate": [0.001, 1.0]}, seeds=2).gradlab.dataset()
    assert data.attrs["chosen_by"] == "validation_loss"
    drawn = draw_heat_map(Figure().subplots(), data.assign_coords(b=data.learning_rate), "sgd", "learning_rate", "b")
    (ring,) = [line for line in drawn.lines if line.get_label() == "_best"]
    assert np.asarray(ring.get_xydata())[0].tolist() == [0, 0]


def test_the_choosing_metric_is_kept_with_the_results(tmp_path: Any) -> None:
    data = sweep(Leaky(), gl.sgd, {"learning_rate": [0.001, 1.0]}, seeds=2, out=tmp_path / "kept").gradlab.dataset()
    read, _ = results_file.read(tmp_path / "kept")
    assert read["leaky"].attrs["chosen_by"] == data.attrs["chosen_by"] == "validation_loss"


def test_a_plan_says_what_chooses() -> None:
    plan = SweepStudy((Leaky(),), {"sgd": gl.sgd}, {"learning_rate": [0.1]}, seeds=1)
    now = make_plan("sweep", plan.tasks)
    before = json.loads(json.dumps(now))
    del before["tasks"][0]["chosen_by"]
    assert compare_plans(before, now) == ["chosen_by of sgd on leaky: None in the folder, validation_loss requested"]


def test_pictures_show_what_chooses(split: xr.Dataset) -> None:
    axes = draw_sensitivity(Figure().subplots(), split)
    assert axes.get_ylabel() == "validation error (%), after 10 updates"
    lines = {str(line.get_label()): line for line in axes.lines}
    np.testing.assert_allclose(np.asarray(lines["optimizer_0"].get_ydata()), 100 * (1 - VALIDATION))
    assert np.asarray(lines["_best"].get_xdata())[0] == 0.01
    (finding,) = compute_findings({"made": split})
    series = sensitivity_series(finding)
    assert (series["label"], series["lines"]["optimizer_0"]["chosen"]) == ("validation error (%), after 10 updates", 0)
    np.testing.assert_allclose(series["lines"]["optimizer_0"]["y"], 100 * (1 - VALIDATION), rtol=1e-3)


def test_tables_and_the_report_say_what_chooses(split: xr.Dataset) -> None:
    text = printed(split)
    assert "over 4 seeds, at the rate with the best validation accuracy on 4 others." in text
    assert "within 1 % (absolute) of its validation accuracy" in text
    (finding,) = compute_findings({"made": split})
    assert (
        "at the rate with the best validation accuracy on 4 others" in dict(leaderboard_notes(finding))["Test accuracy"]
    )
    runs = dict(describe_reproduction({"made": split}, {}).facts)["made"]
    assert "by validation accuracy on seeds 0 to 3, test accuracy reported on seeds 4 to 7" in runs
    assert "Its learning rate was chosen by validation accuracy on 4 seeds." in " ".join(answer_race(finding).sentences)
    described = leaderboard_document({"made": finding.rows}, {"made": split}, {"made": []}, {}, [])["problems"]["made"]
    assert (described["score"], described["chosen_by"]) == ("test_accuracy", "validation_accuracy")


def printed(dataset: xr.Dataset) -> str:
    text = io.StringIO()
    print_leaderboard(Console(file=text, width=160), dataset, leaderboard(dataset))
    return text.getvalue()
