"""A task makes its optimizers, knows its size, and describes its problem."""

from __future__ import annotations

import time
from typing import Any

import jax
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab._engine.task import FailureCollector, Task, Watcher
from gradlab.lab._engine.training_loop import stack_optimizers
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._inputs.factory_adapter import as_factory
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab.problems import Problem, Ravine

POINTS = {"learning_rate": np.array([0.1, 0.2, 0.3]), "momentum": np.array([0.5, 0.6, 0.7])}


def test_points_are_zipped_and_runs_are_points_times_seeds(slope: Problem) -> None:
    task = Task(slope, "sgd", "descent", gl.sgd, POINTS, (0, 1, 2, 3), 5)
    assert (task.point_count, task.run_count) == (3, 12)
    assert task.make_optimizer(2) == gl.sgd(0.3, momentum=0.7)
    assert task.composition == str(gl.sgd(0.2, momentum=0.6))
    assert (task.partition.points, task.partition.seeds, task.partition.steps) == (3, 4, 5)


def test_the_setup_has_no_address(slope: Problem) -> None:
    assert Task(slope, "sgd", "", gl.sgd, POINTS, (0,), 1).setup.endswith("conftest.Slope()")
    assert Task(Ravine(), "sgd", "", gl.sgd, POINTS, (0,), 1).setup == repr(Ravine())


def test_only_user_code_is_blamed(slope: Problem) -> None:
    def broken(learning_rate: float, momentum: float) -> object:
        raise RuntimeError("no")

    with pytest.raises(UserCodeError, match=r"mine on slope fails at .*test_task.py:\d+ .*: RuntimeError: no"):
        Task(slope, "mine", "", broken, POINTS, (0,), 1).make_optimizer(0)
    ours = Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": np.array([-1.0])}, (0,), 1)
    with pytest.raises(ValueError, match="learning_rate") as caught:
        ours.make_optimizer(0)
    assert not isinstance(caught.value, UserCodeError)


class Recorder(Watcher):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.events = list[tuple[Any, ...]]()

    def on_start(self, task: Task) -> None:
        self.events.append(("start", task.name))

    def on_check(self, task: Task, points: int) -> None:
        self.events.append(("check", points))

    def on_progress(self, runs: float) -> None:
        self.events.append(("progress", runs))

    def on_warning(self, message: str) -> None:
        self.events.append(("warning", message))


def test_a_failure_is_raised_unless_it_is_collected(slope: Problem) -> None:
    task = Task(slope, "mine", "", gl.sgd, POINTS, (0,), 1)
    error = UserCodeError("mine on slope fails at line 3")
    with pytest.raises(UserCodeError) as caught:
        Watcher().on_failure(task, error)
    assert caught.value is error
    recorder, failed = Recorder(), dict[str, dict[str, str]]()
    collector = FailureCollector(recorder, failed)
    collector.on_start(task)
    collector.on_check(task, 500)
    collector.on_failure(task, error)
    collector.on_progress(1.5)
    collector.on_warning("the disk is slow")
    assert failed == {"slope": {"mine": "fails at line 3"}}
    assert recorder.events == [("start", "mine"), ("check", 500), ("progress", 1.5), ("warning", "the disk is slow")]


def test_a_hundred_thousand_points_are_checked_by_their_ends(slope: Problem) -> None:
    rates = np.linspace(0.1, 0.2, 100_000)
    task = Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": rates, "momentum": rates}, (0,), 1)
    begin = time.process_time()
    task.check(Watcher())
    stacked = task.stack_points()
    assert time.process_time() - begin < 2
    np.testing.assert_array_equal(stacked.arguments["learning_rate"], rates)
    rates[777] = -1e-9  # anywhere
    with pytest.raises(ValueError, match=r"learning_rate must be in \[0, inf\), got -1e-09"):
        task.check(Watcher())


def test_a_factory_of_the_users_is_called_at_every_point(slope: Problem) -> None:
    called = list[float]()

    def mine(learning_rate: float) -> gl.Transformation:
        called.append(learning_rate)
        if learning_rate == 0.123:
            raise ValueError("not this one")
        return gl.sgd(learning_rate)

    watcher, rates = Recorder(), np.linspace(1, 2, 1200)
    task = Task(slope, "mine", "", mine, {"learning_rate": rates}, (0,), 1)
    task.check(watcher)
    assert called == rates.tolist()
    assert watcher.events == [("check", 500), ("check", 1000)]
    rates[600] = 0.123
    with pytest.raises(UserCodeError, match="not this one"):
        task.check(watcher)


@pytest.mark.parametrize("make", [gl.adam, gl.nadam, as_factory("adam", optax.adam), lambda **own: gl.adam(**own)])
def test_the_stack_is_that_of_all_optimizers(slope: Problem, make: Any) -> None:
    points = {"learning_rate": np.array([0.1, 0.2, 0.3]), "b2": np.array([0.9, 0.99, 0.999])}
    _compare_stack(Task(slope, "adam", "", make, points, (0,), 1))


@pytest.mark.parametrize("name", ["adam", "sgd_momentum"])
def test_the_stack_of_a_contestant_is_that_of_all_optimizers(slope: Problem, name: str) -> None:
    contestant = collect_contestants()[name]
    _compare_stack(Task(slope, name, "", contestant, {"learning_rate": np.array([0.1, 0.2, 0.3])}, (0,), 1))


def _compare_stack(task: Task) -> None:
    found, expected = task.stack_points(), stack_optimizers([task.make_optimizer(point) for point in range(3)])
    structures: list[Any] = [jax.tree.structure(tx) for tx in (found, expected)]
    assert structures[0] == structures[1]
    for here, there in zip(jax.tree.leaves(found), jax.tree.leaves(expected)):
        assert (here.dtype, here.weak_type) == (there.dtype, there.weak_type)
        np.testing.assert_array_equal(here, there)
