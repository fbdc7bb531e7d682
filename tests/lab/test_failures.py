"""A contestant that fails does not end the others: it is named everywhere, and tried again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.distributed import Processes
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._inputs.factory_adapter import as_factory
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab._results import provenance, results_file
from gradlab.lab._storage import checkpoints
from gradlab.lab._studies.open_study import open_study
from gradlab.lab._studies.study import TaskStudy
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem

working: list[bool] = []  # empty while the optimizers below fail


def host(_: Any) -> np.ndarray:
    if not working:
        raise ValueError("the host is tired")
    return np.zeros((), np.float32)


def tired(learning_rate: float = 0.1) -> Any:
    """Fails as it runs."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        zero = jax.pure_callback(host, jax.ShapeDtypeStruct((), np.float32), 0, vmap_method="sequential")
        return jax.tree.map(lambda g: -learning_rate * g + zero, updates), state

    return lambda params: (), update


def leaving(learning_rate: float = 0.1) -> Any:
    """Fails when it is made."""
    if not working:
        raise SystemExit(3)
    return gl.sgd(learning_rate)


def untraceable(learning_rate: float = 0.1) -> Any:
    """Fails while it is traced."""
    return lambda params: (), lambda updates, state, params=None: 1 / 0


def tasks(problem: Problem, *makes: Any) -> list[Task]:
    rates = {"learning_rate": np.array([0.1, 0.2])}
    return [Task(problem, make.__name__, "mine", as_factory("", make), rates, (0, 1), 3) for make in makes]


class Study(TaskStudy):
    """Tasks as a study."""

    kind, problems = "sweep", ()

    def __init__(self, tasks: list[Task]):
        self.tasks, self.runs, self.seeds = tasks, sum(task.run_count for task in tasks), (0, 1)


def finish(out: Path, found: list[Task]) -> Any:
    with open_study(Study(found), out) as opened:
        opened.finish(provenance.collect_provenance("test"), Watcher())
        results = opened.read()
        return opened, results, results.attrs


def test_the_others_finish_and_the_same_run_tries_again(slope: Problem, tmp_path: Path) -> None:
    working.clear()
    found = tasks(slope, tired, gl.sgd, untraceable)
    run, datasets, attributes = finish(tmp_path, found)
    assert datasets["slope"].optimizer.values.tolist() == ["sgd"]
    why = json.loads(attributes["failed"])["slope"]
    assert run.failed == {"slope": why}
    assert list(why) == ["tired", "untraceable"]
    assert why["tired"].startswith(f"fails at {__file__}:")
    assert why["tired"].endswith(": ValueError: the host is tired")
    assert why["untraceable"].endswith("ZeroDivisionError: division by zero")
    assert checkpoints.has_checkpoints(tmp_path)  # from which it goes on

    working.append(True)
    run, datasets, attributes = finish(tmp_path, found)
    assert run.state == "unfinished"
    assert datasets["slope"].optimizer.values.tolist() == ["tired", "sgd"]
    np.testing.assert_array_equal(*(datasets["slope"].loss.sel(optimizer=name) for name in ("tired", "sgd")))
    assert list(json.loads(attributes["failed"])["slope"]) == ["untraceable"]


def test_one_that_cannot_be_made_does_not_end_the_others_either(slope: Problem, tmp_path: Path) -> None:
    working.clear()
    _, datasets, attributes = finish(tmp_path, tasks(slope, leaving, gl.sgd))
    assert datasets["slope"].optimizer.values.tolist() == ["sgd"]
    assert json.loads(attributes["failed"])["slope"]["leaving"].endswith("it ends the program, by sys.exit(3)")


def test_where_all_fail_there_are_no_results(slope: Problem, tmp_path: Path) -> None:
    working.clear()
    with pytest.raises(UserCodeError, match=r"^tired on slope fails at .*\nuntraceable on slope fails at .*zero$"):
        finish(tmp_path, tasks(slope, tired, untraceable))
    assert not (tmp_path / results_file.RESULTS).exists()


def test_a_sweep_from_python_warns(slope: Problem, tmp_path: Path) -> None:
    working.clear()
    both: Any = {"tired": tired, "sgd": gl.sgd}
    given: Any = (slope, both, {"learning_rate": [0.1]}, 2)
    cases: list[dict[str, Any]] = [{}, {"out": tmp_path}]
    for options in cases:
        with pytest.warns(UserWarning, match=r"^tired on slope fails at .*the host is tired$"):
            results = sweep(*given, steps=3, **options)
        assert results["slope"].optimizer.values.tolist() == ["sgd"]
        assert "the host is tired" in results.gradlab.failures["slope"]["tired"]
    with pytest.raises(UserCodeError, match=r"^tired on slope fails"):
        sweep(slope, tired, {"learning_rate": [0.1]}, 2, steps=3)


def test_a_nan_that_is_looked_for_is_shown_where_it_happens(slope: Problem) -> None:
    class Root(type(slope)):  # type: ignore[misc]
        def loss(self, params: jax.Array, batch: Any) -> jax.Array:
            return jax.numpy.sqrt(-params)

    line = r"test_failures.py:\d+ \(return jax.numpy.sqrt\(-params\)\): FloatingPointError: a run gives nan"
    with jax.debug_nans(True), pytest.raises(UserCodeError, match=line):
        sweep(Root(), gl.sgd, {"learning_rate": [0.1]}, 2, steps=3)


def test_all_processes_hear_of_a_failure_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    second = Processes()
    monkeypatch.setattr(second, "gather", lambda text: ["tired on slope fails", text])
    calls: list[Callable[[], int]] = [lambda: 3]
    with pytest.raises(UserCodeError, match=r"^tired on slope fails$"):
        second.call(calls[0])
    monkeypatch.setattr(second, "gather", lambda text: [None, text])
    assert second.call(calls[0]) == 3


def test_without_compilation_nothing_is_run(slope: Problem) -> None:
    with jax.disable_jit(), pytest.raises(ValueError, match=r"^jax_disable_jit is set, .*; unset JAX_DISABLE_JIT$"):
        sweep(slope, gl.sgd, {"learning_rate": [0.1]}, 2, steps=3)
