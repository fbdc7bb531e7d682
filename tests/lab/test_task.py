"""A task knows its optimizers, its size, and what it is made of."""

from __future__ import annotations

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.blame import ForeignError
from gradlab.lab.problems import Problem, Ravine
from gradlab.lab.task import Task, Watcher

POINTS = {"learning_rate": np.array([0.1, 0.2, 0.3]), "momentum": np.array([0.5, 0.6, 0.7])}


def test_points_are_zipped_and_runs_are_points_times_seeds(slope: Problem) -> None:
    task = Task(slope, "sgd", "descent", gl.sgd, POINTS, (0, 1, 2, 3), 5)
    assert (task.count, task.runs) == (3, 12)
    assert task.optimizer(2) == gl.sgd(0.3, momentum=0.7)
    assert task.composition == str(gl.sgd(0.2, momentum=0.6))
    assert (task.cut.points, task.cut.seeds, task.cut.steps) == (3, 4, 5)


def test_the_setup_has_no_address(slope: Problem) -> None:
    assert Task(slope, "sgd", "", gl.sgd, POINTS, (0,), 1).setup.endswith("conftest.Slope()")
    assert Task(Ravine(), "sgd", "", gl.sgd, POINTS, (0,), 1).setup == repr(Ravine())


def test_only_what_is_foreign_is_blamed(slope: Problem) -> None:
    def broken(learning_rate: float, momentum: float) -> object:
        raise RuntimeError("no")

    with pytest.raises(ForeignError, match=r"mine on slope fails at .*test_task.py:\d+ .*: RuntimeError: no"):
        Task(slope, "mine", "", broken, POINTS, (0,), 1).optimizer(0)
    ours = Task(Ravine(), "sgd", "", gl.sgd, {"learning_rate": np.array([-1.0])}, (0,), 1)
    with pytest.raises(ValueError, match="learning_rate") as caught:
        ours.optimizer(0)
    assert not isinstance(caught.value, ForeignError)


def test_a_watcher_need_not_care(slope: Problem) -> None:
    watcher = Watcher()
    watcher.starts(Task(slope, "sgd", "", gl.sgd, POINTS, (0,), 1))
    watcher.advances(1.0)
    watcher.warns("nothing")
