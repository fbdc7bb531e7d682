"""A race runs its plan, in order."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.lab.entrants import entrants
from gradlab.lab.problems import Problem, Ravine
from gradlab.lab.race import Lap, Plan, race
from gradlab.lab.sweep import stack, sweep


def test_a_lap_is_the_sweep_of_its_entrant(laps: list[Lap]) -> None:
    lap = laps[1]
    assert lap.entrant.name == "adam"
    expected = sweep(Ravine(), stack([lap.entrant.make(rate) for rate in lap.rates.tolist()]), range(4), 30)
    np.testing.assert_array_equal(lap.curves.loss, expected.loss)
    np.testing.assert_array_equal(lap.rates, lap.entrant.grid("ravine", 5))
    assert lap.composition == str(lap.entrant.make(float(lap.rates[2])))
    assert lap.run_seconds > 0
    assert lap.compile_seconds > 0


def test_laps_come_problem_by_problem_and_are_announced(slope: Problem, noisy: Problem) -> None:
    table, started = entrants(), []
    plan = Plan((slope, noisy), (table["sgd"], table["sign_sgd"]), rates=2, seeds=2, steps=2)
    finished = []
    for lap in race(plan, lambda problem, entrant: started.append((problem.name, entrant.name))):
        assert started[-1] == (lap.problem.name, lap.entrant.name)
        finished.append(started[-1])
    order = [("slope", "sgd"), ("slope", "sign_sgd"), ("noisy", "sgd"), ("noisy", "sign_sgd")]
    assert finished == started == order
    assert (plan.runs_per_lap, plan.runs) == (4, 16)


def test_a_race_can_be_left_early(slope: Problem) -> None:
    table = entrants()
    running = race(Plan((slope,), (table["sgd"], table["sign_sgd"]), rates=1, seeds=1, steps=1))
    assert next(running).entrant.name == "sgd"
    running.close()
    assert list(running) == []


def test_steps_are_the_problems_own_unless_given() -> None:
    entrant = (entrants()["sgd"],)
    assert Plan((Ravine(),), entrant).steps_of(Ravine()) == Ravine.steps
    assert Plan((Ravine(),), entrant, steps=7).steps_of(Ravine()) == 7


@pytest.mark.parametrize("wrong", [{"rates": 0}, {"seeds": -1}, {"steps": 0}])
def test_numbers_below_one_are_errors(wrong: dict[str, int]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {value}"):
        Plan((Ravine(),), (entrants()["sgd"],), **wrong)


def test_a_race_of_nobody_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one problem and one optimizer"):
        Plan((Ravine(),), ())
