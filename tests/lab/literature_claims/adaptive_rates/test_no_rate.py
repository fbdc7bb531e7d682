"""The rule of claim 6: a rate of 1 against the best one, and the units of the steps."""

from __future__ import annotations

from typing import Any

import pytest

from gradlab.lab._literature_claims.adaptive_rates.no_rate import judge, measure_units


def race_of(curve: list[float | None], rate: float = 10.0) -> dict[str, Any]:
    own = {"rate": rate, "rates": [0.1, 1.0, 10.0], "curve": curve, "scores": [0.5, 0.5]}
    return {"logarithmic": True, "higher_is_better": False, "optimizers": {"adadelta": own}}


@pytest.mark.parametrize(("at_one", "word"), [(1.05, "holds"), (1.2, "not reproduced"), (None, "not reproduced")])
def test_a_rate_of_one_must_be_as_good_as_the_best(at_one: float | None, word: str) -> None:
    problems = {"bowl": race_of([2.0, at_one, 1.0])}
    verdict = judge({"brief": False, "problems": problems, "units": {"published": [1.0], "own units": [1000.0]}})[0]
    assert verdict.word == word
    assert "the mean loss at a rate of 1" in verdict.evidence


def test_steps_scale_with_the_unit_only_if_each_epsilon_does() -> None:
    units = measure_units()
    assert units["own units"] == pytest.approx([1000.0] * 5, rel=1e-3)
    assert max(units["published"]) < 10
    verdict = judge({"brief": False, "problems": {"bowl": race_of([1.0, 1.0, 1.0])}, "units": units})[1]
    assert str(verdict) == "holds when each of two epsilons has its own unit"


def test_scores_of_the_same_seeds_are_compared() -> None:
    """Where 1 is the best rate it is as good as the best, however lucky the reporting seeds are."""
    numbers = {"brief": False, "problems": {"bowl": race_of([2.0, 1.0, 3.0], rate=1.0)}, "units": measure_units()}
    assert judge(numbers)[0].word == "holds"
