"""The numbers behind the charts."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report.chart_data import POINTS, learning_curve_data, performance_profile_data, sensitivity_data
from gradlab.lab._report.problem_findings import Finding, compute_findings


def test_the_score_comes_first_and_every_metric_is_there(findings: list[Finding]) -> None:
    score, loss = learning_curve_data(findings[0])
    assert (score["label"], loss["label"]) == ("test error (%)", "training loss")
    line = score["lines"]["adam"]
    assert len(line["y"]) == len(score["x"]) == 11
    runs = findings[0].dataset.test_accuracy.sel(optimizer="adam").isel(rate=2, seed=slice(4, None))
    assert line["y"][-1] == pytest.approx(100 * (1 - float(runs.isel(evaluation=-1).median())), rel=1e-3)
    errors = 100 * (1 - runs.isel(evaluation=-1))
    assert [line["low"][-1], line["high"][-1]] == pytest.approx(np.quantile(errors, [0.25, 0.75]), rel=1e-3)


def test_long_curves_are_thinned_and_keep_their_ends(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].drop_vars(("loss", "path", "step"))
    loss = np.ones((3, 4, 8, 5000))
    long = dataset.assign(loss=(("optimizer", "rate", "seed", "step"), loss)).assign_coords(step=np.arange(5000))
    (finding,) = compute_findings({"ravine": long})
    _, curve = (curve for curve in learning_curve_data(finding) if curve["label"] == "loss")
    assert len(curve["x"]) == POINTS
    assert (curve["x"][0], curve["x"][-1]) == (0, 4999)


def test_sensitivity_has_every_rate(findings: list[Finding]) -> None:
    found = sensitivity_data(findings[1])
    sgd = found["lines"]["sgd"]
    assert sgd["x"] == [0.001, 0.01, 0.1, 1]
    assert sgd["lost"] == [0, 0, 0, 2]
    assert sgd["y"][3] is None
    assert sgd["chosen"] == 2
    assert all(low <= middle <= high for low, middle, high in zip(sgd["low"][:3], sgd["y"][:3], sgd["high"][:3]))
    assert (found["label"], found["runs"]) == ("loss, geometric mean over updates 24 to 40", 8)


def test_profiles_need_two_problems_and_an_optimizer_on_both(
    race: dict[str, xr.Dataset], findings: list[Finding]
) -> None:
    found = performance_profile_data(findings)
    assert found is not None
    assert found["x"][0] == 1
    assert found["lines"]["adam"]["y"][0] == 1  # the quickest in every case
    assert performance_profile_data(findings[:1]) is None
    apart = race | {"images": race["images"].assign_coords(optimizer=["a", "b", "c"])}
    assert performance_profile_data(compute_findings(apart)) is None
