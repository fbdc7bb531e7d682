"""A race runs its plan, in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradlab.lab._engine.task import Task, TaskResult, Watcher
from gradlab.lab._engine.task_runner import run_tasks
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._studies.race import RaceStudy, race
from gradlab.lab._studies.search_space import SearchSpaceError
from gradlab.lab.problems import Problem, Ravine
from tests.lab.training import train


def test_a_lap_is_the_sweep_of_its_entrant(task_results: list[TaskResult]) -> None:
    result = task_results[1]
    contestant, rates = collect_contestants()["adam"], result.task.points["learning_rate"]
    assert result.task.name == "adam"
    expected = train(Ravine(), [contestant.make(rate) for rate in rates.tolist()], range(4), 30)
    np.testing.assert_array_equal(result.curves.loss, expected.loss)
    np.testing.assert_array_equal(rates, contestant.choose_rates("ravine", 5))
    assert result.task.composition == str(contestant.make(float(rates[2])))
    assert result.run_seconds > 0
    assert result.compile_seconds > 0


def test_tasks_come_problem_by_problem_and_are_announced(slope: Problem, noisy: Problem) -> None:
    table, started = collect_contestants(), []
    plan = RaceStudy((slope, noisy), (table["sgd"], table["sign_sgd"]), rates=2, seeds=2, steps=2)
    finished = []
    runs = []

    class Notes(Watcher):
        def on_start(self, task: Task) -> None:
            started.append((task.problem.name, task.name))

        def on_progress(self, done: float) -> None:
            runs.append(done)

    for result in run_tasks(plan.tasks, watcher=Notes()):
        assert started[-1] == (result.task.problem.name, result.task.name)
        finished.append(started[-1])
    order = [("slope", "sgd"), ("slope", "sign_sgd"), ("noisy", "sgd"), ("noisy", "sign_sgd")]
    assert finished == started == order
    assert (plan.runs_per_task, plan.runs) == (4, 16)
    assert sum(runs) == pytest.approx(16)


def test_a_race_can_be_left_early(slope: Problem) -> None:
    table = collect_contestants()
    running = run_tasks(RaceStudy((slope,), (table["sgd"], table["sign_sgd"]), rates=1, seeds=1, steps=1).tasks)
    assert next(running).task.name == "sgd"
    running.close()
    assert list(running) == []


def test_steps_are_the_problems_own_unless_given() -> None:
    contestant = (collect_contestants()["sgd"],)
    assert [task.steps for task in RaceStudy((Ravine(),), contestant).tasks] == [Ravine.steps]
    assert [task.steps for task in RaceStudy((Ravine(),), contestant, steps=7).tasks] == [7]


@pytest.mark.parametrize("wrong", [{"rates": 0}, {"seeds": -1}, {"steps": 0}, {"lanes": 0}, {"chunk": 0}])
def test_numbers_below_one_are_errors(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {value}"):
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), **wrong)


@pytest.mark.parametrize("wrong", [{"rates": "13"}, {"rates": 2.5}, {"seeds": True}, {"steps": "4"}])
def test_numbers_of_other_types_are_errors(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(TypeError, match=f"{name} must be a whole number, .*; got {type(value).__name__}"):
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), **wrong)


def test_an_argument_that_is_misspelt_is_met_with_the_right_one() -> None:
    with pytest.raises(TypeError, match=r"race has no argument 'wacher'; did you mean watcher\?"):
        race("ravine", "sgd", wacher=Watcher())  # type: ignore[call-arg]


def test_given_rates_are_checked() -> None:
    with pytest.raises(SearchSpaceError, match=r"rates has a value twice: 0\.1"):
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), rates=(0.1, 0.1))
    with pytest.raises(SearchSpaceError, match="rates needs at least one value"):
        RaceStudy((Ravine(),), (collect_contestants()["sgd"],), rates=())


def test_a_race_of_nobody_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one problem and one optimizer"):
        RaceStudy((Ravine(),), ())


def test_two_of_one_name_are_an_error(slope: Problem) -> None:
    contestant = collect_contestants()["sgd"]
    with pytest.raises(ValueError, match="two optimizers are named sgd; give one of them another name"):
        RaceStudy((slope,), (contestant, contestant))
    with pytest.raises(ValueError, match="two problems are named slope"):
        RaceStudy((slope, slope), (contestant,))


def test_rates_may_be_given(slope: Problem) -> None:
    plan = RaceStudy((slope,), (collect_contestants()["sgd"],), rates=(0.5, 0.25), seeds=3)
    assert plan.tasks[0].points["learning_rate"].tolist() == [0.25, 0.5]
    assert plan.runs == 6


@pytest.mark.parametrize("rate", [1e-320, 1e-39, 3.5e38])
def test_a_rate_that_float32_takes_for_zero_or_infinity_is_refused(slope: Problem, rate: float) -> None:
    with pytest.raises(ValueError, match=r"rates must lie from 1\.2e-38 to 3\.4e\+38, .* got "):
        RaceStudy((slope,), (collect_contestants()["sgd"],), rates=(0.1, rate))
