"""The compiler compiles once for what has one shape, with the settings of who asks."""

from __future__ import annotations

import threading

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.blame import ForeignError
from gradlab.lab.compiler import Compiler, settings_of_this_thread
from gradlab.lab.problems import Problem
from gradlab.lab.task import Task


def task_at(problem: Problem, *rates: float, seeds: tuple[int, ...] = (0, 1)) -> Task:
    return Task(problem, "sgd", "descent", gl.sgd, {"learning_rate": np.array(rates)}, seeds, 3)


def test_it_keeps_programs_for_other_points(noisy: Problem) -> None:
    with Compiler(keep=True) as compiler:
        (first, draws), (second, same), (third, _) = map(
            compiler.prepare, (task_at(noisy, 0.1, 0.2), task_at(noisy, 0.3, 0.4), task_at(noisy, 0.1, 0.2, 0.3))
        )
        assert same is draws  # of one problem and one set of seeds
        programs = [future.result(timeout=100) for future in (first, second, third)]
        assert draws.result().params["a"].shape == (2, 3)
    assert programs[0]._compiled is programs[1]._compiled
    assert programs[0].compile_seconds > 0 == programs[1].compile_seconds
    np.testing.assert_allclose(jax.tree.leaves(programs[1]._numbers)[0], [0.3, 0.4])
    assert programs[2]._compiled is not programs[0]._compiled


def test_by_itself_it_keeps_nothing(noisy: Problem) -> None:
    with Compiler() as compiler:
        programs = [compiler.prepare(task_at(noisy, rate, 1.0))[0].result(timeout=100) for rate in (0.1, 0.2)]
    assert programs[0]._compiled is not programs[1]._compiled


def test_failures_of_others_are_told_apart(noisy: Problem) -> None:
    def broken(learning_rate: float) -> object:
        raise RuntimeError("no")

    task = Task(noisy, "mine", "", broken, {"learning_rate": np.array([0.1])}, (0,), 3)
    with Compiler() as compiler, pytest.raises(ForeignError, match=r"mine on noisy fails at .*test_compiler.py"):
        compiler.prepare(task)


def test_threads_take_on_the_settings() -> None:
    seen = []

    def look() -> None:
        seen.append((jax.config.jax_enable_x64, jax.config.jax_numpy_dtype_promotion))  # type: ignore[attr-defined]

    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        settle = settings_of_this_thread()
    thread = threading.Thread(target=lambda: (settle(), look()))  # type: ignore[func-returns-value]
    thread.start()
    thread.join()
    assert seen == [(False, "standard")]
