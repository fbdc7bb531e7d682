"""Findings of races, and results that cannot be reported."""

from __future__ import annotations

import pytest
import xarray as xr

from gradlab.lab._report import ReportError
from gradlab.lab._report.problem_findings import Finding, compute_findings, order_by_mean_rank, select_for_charts
from gradlab.lab.problems import Ravine


def test_optimizers_are_in_the_order_of_their_mean_ranks(findings: list[Finding]) -> None:
    assert order_by_mean_rank(findings)[0] == "adam"
    assert order_by_mean_rank(findings)[-1] == "sgd"
    assert select_for_charts(findings, 2)[0] == "adam"
    assert len(select_for_charts(findings, 2)) == 2


def test_a_problem_is_known_by_its_name_and_setup(race: dict[str, xr.Dataset], findings: list[Finding]) -> None:
    unknown, ravine = findings
    assert unknown.problem is None
    assert ravine.problem == Ravine()
    other = race["ravine"].assign_attrs(setup="Ravine(steepness=1e9)")
    assert compute_findings({"ravine": other})[0].problem is None
    assert compute_findings({"ravine": other}, {"ravine": Ravine(steepness=1e9)})[0].problem == Ravine(steepness=1e9)


def test_seeds_by_role(race: dict[str, xr.Dataset], findings: list[Finding]) -> None:
    assert findings[0].seeds == (4, 4)
    assert findings[0].is_sure
    single = race["images"].isel(seed=[5]).assign_coords(role=("seed", ["both"]))
    assert compute_findings({"images": single})[0].seeds == (1, 1)


def test_results_that_no_rate_was_chosen_in_are_refused(race: dict[str, xr.Dataset]) -> None:
    swept = race["images"].rename(rate="point").assign_attrs(sampler="sobol", hyperparameters='["learning_rate"]')
    with pytest.raises(
        ReportError, match=r"the points of .* are samples.*pictures of these results can be drawn .--format png"
    ):
        compute_findings({"images": swept})
    as_grid = compute_findings({"images": swept.assign_attrs(sampler="grid")})[0]
    assert as_grid.rows == compute_findings({"images": race["images"]})[0].rows
    points = race["images"].rename(rate="temperature")
    with pytest.raises(
        ReportError, match=r"compares optimizers over learning rates: .* it has no rate; its dimensions"
    ):
        compute_findings({"images": points})
    with pytest.raises(ReportError, match="the results are of no problem"):
        compute_findings({})
