"""What is too large is refused with its size, before it is built."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.task import Task
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab._studies.search import search
from gradlab.lab._studies.search_space import Log
from gradlab.lab._studies.size_limits import TooLargeError, available_memory, require_count, require_room
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem


class Wide(Problem):
    """A problem with ten million parameters."""

    name, summary, steps = "wide", "A wide problem.", 1

    def init(self, key: Any) -> Any:
        return jnp.zeros(10_000_000, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Any:
        return params.sum()


def test_a_count_is_told(noisy: Problem) -> None:
    require_count("points", 10, 10)
    with pytest.raises(
        TooLargeError, match="1,000,000,000 seeds are too many: at most 100,000 are allowed; take fewer"
    ):
        sweep(noisy, gl.sgd, {"learning_rate": [0.1]}, seeds=10**9)
    with pytest.raises(TooLargeError, match=r"40,000,000 runs of each optimizer \(4,000 points x 10,000 seeds\)"):
        sweep(noisy, gl.sgd, {"learning_rate": Log(1e-4, 1, 4000)}, seeds=10_000)
    with pytest.raises(TooLargeError, match="3,000,000,000 steps"):
        search(noisy, gl.sgd, {"learning_rate": Log(1e-4, 1)}, steps=3 * 10**9)
    with pytest.raises(TooLargeError, match="1,000,000,000 points"):
        RaceStudy((noisy,), (collect_contestants()["sgd"],), rates=10**9)


def test_results_that_do_not_fit_are_refused(noisy: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "4")
    message = "1,000,000,000 losses of each of 10 runs need about 74.5 GiB of memory, and 4.0 GiB .*--curve-points 100"
    with pytest.raises(TooLargeError, match=message):  # 2 x 4 bytes x 10 x 10^9
        sweep(noisy, gl.sgd, {"learning_rate": [0.1, 0.2]}, seeds=5, steps=10**9)


def test_losses_that_are_not_kept_need_no_room(noisy: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "4")
    many = Task(noisy, "sgd", "", gl.sgd, {"learning_rate": np.full(10**6, 0.1)}, (0,), 10_000)
    with pytest.raises(TooLargeError, match="10,000 losses of each of 1,000,000 runs"):
        require_room([many])
    require_room([dataclasses.replace(many, curve_points=100)])


def test_a_run_that_does_not_fit_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(lanes: int | None = None) -> Task:
        return Task(Wide(), "adam", "", gl.adam, {"learning_rate": np.array([0.1, 0.2])}, (0,), 1, lanes)

    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "0.2")
    with (
        jax.enable_x64(False),
        pytest.raises(TooLargeError, match=r"one run of adam on wide needs about 0.3 GiB .*less"),
    ):
        require_room([task(lanes=1)])
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "0.4")
    with jax.enable_x64(False):
        require_room([task(lanes=1)])
        with pytest.raises(TooLargeError, match=r"2 runs at a time of adam on wide need about 0.6 GiB .*fewer lanes"):
            require_room([task(lanes=2)])


def test_starts_of_all_seeds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "8")
    task = Task(Wide(), "sgd", "", gl.sgd, {"learning_rate": np.array([0.1])}, tuple(range(1000)), 1)
    with (
        jax.enable_x64(False),
        pytest.raises(TooLargeError, match=r"initial parameters and batches of 1,000 seeds on wide .* 37.3 GiB"),
    ):
        require_room([task])
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "100")
    require_room([task])


def test_the_memory_is_the_machines_unless_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADLAB_MEMORY_GIB", raising=False)
    assert 2**28 < available_memory() < 2**50
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "0.5")
    assert available_memory() == 2**29
    for wrong in ("much", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("GRADLAB_MEMORY_GIB", wrong)
        with pytest.raises(ValueError, match=f"must be a number above zero, of GiB; got '{wrong}'"):
            available_memory()
