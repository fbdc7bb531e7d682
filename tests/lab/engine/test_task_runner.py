"""Tasks run in order, whatever is compiled ahead, and damaged chunks are computed again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine import task_runner
from gradlab.lab._engine.compiler import Compiler
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._engine.task_runner import run_tasks
from gradlab.lab._storage.checkpoints import CheckpointStore, initialize_folder
from gradlab.lab.problems import Problem
from tests.lab.training import train

RATES = {"learning_rate": np.array([0.1, 0.2])}


def tasks_on(*problems: Problem) -> list[Task]:
    factories = {"sgd": gl.sgd, "sign_sgd": gl.sign_sgd, "adam": gl.adam}
    return [
        Task(problem, name, "all", make, RATES, (0, 1), 4, 2, 2)
        for problem in problems
        for name, make in factories.items()
    ]


def test_only_the_next_tasks_are_compiled_ahead(
    noisy: Problem, slope: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    prepare = Compiler.prepare

    def count(self: Compiler, task: Task) -> object:
        if task.name != "given":  # those of `train` below
            compiled.append(task.name)
        return prepare(self, task)

    monkeypatch.setattr(Compiler, "prepare", count)
    tasks = tasks_on(slope, noisy)
    running = run_tasks(tasks)
    names = []
    for index, result in enumerate(running):
        names.append((result.task.problem.name, result.task.name))
        assert len(compiled) <= min(len(tasks), index + 1 + task_runner.TASKS_AHEAD)
        expected = train(result.task.problem, [result.task.make_optimizer(i) for i in range(2)], (0, 1), 4)
        np.testing.assert_allclose(result.curves.loss, expected.loss, rtol=1e-6)
    assert names == [(task.problem.name, task.name) for task in tasks]


class Listener(Watcher):
    def __init__(self) -> None:
        self.heard = list[str]()

    def on_warning(self, message: str) -> None:
        self.heard.append(message)


def test_finished_chunks_are_not_run_again_but_damaged_ones_are(noisy: Problem, tmp_path: Path) -> None:
    tasks = tasks_on(noisy)
    initialize_folder(tmp_path, {"plan": 1})
    expected = list(run_tasks(tasks, CheckpointStore(tmp_path, {"plan": 1})))
    damaged = sorted((tmp_path / "parts").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-7])
    listener = Listener()
    again = list(run_tasks(tasks, CheckpointStore(tmp_path, {"plan": 1}), listener))
    assert len(listener.heard) == 1
    assert listener.heard[0].startswith(f"{damaged} is damaged")
    assert listener.heard[0].endswith("the block is computed anew")
    for one, two in zip(expected, again):
        np.testing.assert_array_equal(one.curves.loss, two.curves.loss)
        if one.task.name != "sgd":
            assert (two.compile_seconds, two.run_seconds) == (one.compile_seconds, one.run_seconds)  # as it was kept
