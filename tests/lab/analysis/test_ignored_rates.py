"""An optimizer whose runs are the same at all learning rates seems to ignore its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._report.answers import answer_race
from gradlab.lab._report.problem_findings import compute_findings
from gradlab.lab.analysis.ignored_rates import describe_ignored_rates, find_ignored_rates


def forgotten(learning_rate: float = 1e-3) -> gl.Transformation:
    return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.999, 1e-8), gl.scale(-0.01))


def without_sign(learning_rate: float = 1e-3) -> gl.Transformation:
    """It climbs until its runs diverge, at all rates alike."""
    return gl.chain(gl.scale_by_momentum(0.9), gl.scale(1.0))


def race(*optimizers: Any, rates: Any = 3) -> xr.DataTree:
    return gl.lab.race("ravine", list(optimizers), rates=rates, seeds=2, steps=60)


def test_it_is_named_in_the_verdict_and_in_the_report() -> None:
    with pytest.warns(UserWarning, match="^forgotten is the same at all learning rates"):
        results = race("sgd", forgotten)
    dataset = results["ravine"].to_dataset()
    assert find_ignored_rates(dataset) == ["forgotten"]
    sentence = (
        "forgotten has exactly the same runs at all 3 learning rates, so its updates do not seem to depend on it: "
        "multiply the step by it, in a chain of gradlab by the link gl.scale_by_learning_rate(learning_rate)."
    )
    assert describe_ignored_rates(dataset) == [sentence]
    assert sentence in results.gradlab.verdict()
    assert sentence in answer_race(compute_findings({"ravine": dataset})[0]).sentences


def test_it_is_named_where_all_its_runs_diverged() -> None:
    with pytest.warns(UserWarning, match="^without_sign is the same at all learning rates"):
        results = race(without_sign)
    dataset = results["ravine"].to_dataset()
    assert dataset.diverged.all()
    assert results.gradlab.verdict()[1].startswith("without_sign has exactly the same runs at all 3 learning rates")
    assert "without_sign has exactly the same" in answer_race(compute_findings({"ravine": dataset})[0]).failure


@pytest.mark.parametrize("rates", [[0.01], [1e-30, 1e-29]], ids=["one rate", "rates that move nothing"])
def test_where_nothing_can_be_said_nothing_is(rates: list[float]) -> None:
    assert find_ignored_rates(race("sgd", rates=rates)["ravine"].to_dataset()) == []


def test_runs_that_are_lost_or_were_not_kept_say_nothing() -> None:
    dataset = race("sgd")["ravine"].to_dataset()
    assert find_ignored_rates(dataset) == []
    assert find_ignored_rates(dataset.assign(loss=dataset.loss * np.nan)) == []
    assert find_ignored_rates(dataset.drop_vars("loss")) == []
