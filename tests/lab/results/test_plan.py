"""A plan has everything that determines the results, and its differences from another plan are named."""

from __future__ import annotations

import copy
import json
from typing import Any

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.task import Task
from gradlab.lab._results.carry_over import count_runs
from gradlab.lab._results.plan import compare_plans, make_plan
from gradlab.lab.problems import Problem


@pytest.fixture
def tasks(noisy: Problem, slope: Problem) -> list[Task]:
    rates = {"learning_rate": np.array([0.1, 0.2, 0.3])}
    return [Task(problem, "adam", "Adam", gl.adam, rates, (0, 1), 7) for problem in (noisy, slope)]


@pytest.fixture
def plan(tasks: list[Task]) -> Any:
    return make_plan("sweep", tasks)


def test_a_plan_is_json_and_has_all_that_determines_results(plan: Any) -> None:
    assert json.loads(json.dumps(plan)) == plan
    assert set(plan["versions"]) == {"gradlab", "jax", "jaxlib", "optax", "numpy"}
    assert plan["settings"]["jax_enable_x64"] == "True"  # as in all tests
    first = plan["tasks"][0]
    assert first["points"] == {"learning_rate": [0.1, 0.2, 0.3]}
    assert (first["seeds"], first["steps"], first["problem"]) == ([0, 1], 7, "noisy")
    assert first["composition"] == str(gl.adam(0.2))
    assert first["problem_source"]  # which is of this file's folder
    assert first["optimizer_source"] == ""  # gradlab's own


def test_settings_that_change_results_are_in_the_plan(
    plan: Any, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "jax_softmax_custom_jvp" not in plan["settings"]
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2 --xla_cpu_enable_fast_math=true")
    with jax.softmax_custom_jvp(True), jax.default_matmul_precision("float32"):
        other = make_plan("sweep", tasks)
    assert compare_plans(plan, other) == [
        "jax_default_matmul_precision: None in the folder, float32 requested",
        "jax_softmax_custom_jvp: None in the folder, True requested",
        "XLA_FLAGS: None in the folder, --xla_cpu_enable_fast_math=true requested",
    ]
    assert compare_plans(other, plan)[1:] == [
        "jax_softmax_custom_jvp: True in the folder, None requested",
        "XLA_FLAGS: --xla_cpu_enable_fast_math=true in the folder, None requested",
    ]


def test_equal_plans_do_not_differ(plan: Any, tasks: list[Task]) -> None:
    assert compare_plans(plan, make_plan("sweep", tasks)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plan: plan["versions"].update(jax="0.1"), f"jax: 0.1 in the folder, {jax.__version__} requested"),
        (lambda plan: plan["settings"].update(device="abacus"), "device: abacus in the folder"),
        (lambda plan: plan.update(kind="race"), "kind: race in the folder, sweep requested"),
        (lambda plan: plan["tasks"].pop(), "problems: noisy in the folder, noisy, slope requested"),
        (lambda plan: plan["tasks"][1].update(optimizer="sgd"), "optimizers: adam, sgd in the folder, adam requested"),
        (lambda plan: plan["tasks"][0].update(steps=8), "steps of adam on noisy: 8 in the folder, 7 requested"),
        (lambda plan: plan["tasks"][0].update(problem_source="x"), "the source file of noisy was edited"),
        (lambda plan: plan["tasks"][0].update(optimizer_source="x"), "the source file of adam was edited"),
        (
            lambda plan: plan["tasks"][0].update(optimizer_source="x", problem_source="x"),
            "the source file of noisy and adam was edited",
        ),
        (lambda plan: plan["tasks"][0].update(chunk=1), "chunk of adam on noisy: 1 in the folder"),
        (
            lambda plan: plan["tasks"][1]["points"].update(learning_rate=[1.0]),
            "learning_rate of adam on slope: 1.0 in the folder, 0.1, 0.2, 0.3 requested",
        ),
        (
            lambda plan: plan["tasks"][1]["points"].update(b1=[0.9]),
            "b1 of adam on slope: 0.9 in the folder, None requested",
        ),
        (
            lambda plan: plan["tasks"][0].update(seeds=list(range(9))),
            "seeds of adam on noisy: 9 from 0 to 8 in the folder",
        ),
        (lambda plan: plan.update(more=1), "the plans differ"),
    ],
)
def test_each_difference_is_named(plan: Any, change: Any, message: str) -> None:
    there = copy.deepcopy(plan)
    change(there)
    assert any(found.startswith(message) for found in compare_plans(there, plan)), compare_plans(there, plan)


def test_an_empty_plan_differs(plan: Any) -> None:
    assert compare_plans({}, plan)


def test_a_difference_that_follows_from_another_one_is_left_out(plan: Any) -> None:
    there = copy.deepcopy(plan)
    there["tasks"][0].update(seeds=[0], block=[3, 1], chunk=1)
    assert compare_plans(there, plan) == ["seeds of adam on noisy: 0 in the folder, 0, 1 requested"]


@pytest.mark.parametrize("value", [None, 3, "x", [], [3], {}, {"a": {}}, True, 1e400, [[[]]], [{"points": 3}]])
def test_a_wrong_type_in_a_plan_is_a_difference(plan: Any, value: Any) -> None:
    for name in plan:
        there = copy.deepcopy(plan)
        there[name] = value
        assert compare_plans(there, plan) or there == plan
    for name in plan["tasks"][0]:
        there = copy.deepcopy(plan)
        there["tasks"][0][name] = value
        assert compare_plans(there, plan) or there == plan
    there = copy.deepcopy(plan)
    there["tasks"][0]["points"]["learning_rate"] = value
    assert compare_plans(there, plan)


def test_a_plan_of_the_version_before_has_no_sources(plan: Any) -> None:
    old = copy.deepcopy(plan)
    old["format"] = "gradlab-results-2"
    del old["sources"], old["packages"]
    assert compare_plans(old, plan) == []
    old["tasks"][0]["problem_source"] = "x"
    assert compare_plans(old, plan) == ["the source file of noisy was edited"]


@pytest.mark.parametrize("version", ["gradlab-plan-3", "gradlab-results-2"])
def test_the_tasks_had_another_name_in_older_formats(plan: Any, version: str) -> None:
    old = copy.deepcopy(plan)
    old["format"], old["laps"] = version, old.pop("tasks")
    assert compare_plans(old, plan) == []
    old["laps"][0]["steps"] = 8
    assert compare_plans(old, plan) == [
        f"steps of adam on noisy: 8 in the folder, {plan['tasks'][0]['steps']} requested"
    ]
    old["laps"] = [3]
    assert compare_plans(old, plan) == ["plan.json is damaged"]


def test_edited_files_are_named(plan: Any) -> None:
    there = copy.deepcopy(plan)
    there["sources"] = {"a.py": "1", "b/c.py": "2"}
    here = {**plan, "sources": {"a.py": "1", "b/c.py": "3"}}
    assert compare_plans(there, here) == ["b/c.py was edited"]
    here["sources"] = {"a.py": "2", "b/c.py": "3"}
    assert compare_plans(there, here) == ["a.py, b/c.py were edited"]
    here["sources"] = {"a.py": "1"}
    assert compare_plans(there, here) == ["other source files are used: b/c.py"]
    there, here = {**plan, "packages": {"optax": "0.1"}}, {**plan, "packages": {"optax": "0.2"}}
    assert compare_plans(there, here) == ["optax: 0.1 in the folder, 0.2 requested"]


def test_chunks_count_as_fractions_of_runs(plan: Any) -> None:
    first = {**plan["tasks"][0], "block": [2, 1], "chunk": 4}  # 3 points and 2 seeds in 4 blocks of 2 chunks
    assert count_runs({**plan, "tasks": [first]}, [(0, 0, 0), (0, 0, 1), (0, 3, 0)]) == 3 * 6 / 8
    search = {**first, "trials": 5, "batch": 3}
    made = {**plan, "kind": "search", "tasks": [search]}
    assert count_runs(made, [(0, block, chunk) for block in range(4) for chunk in range(2)]) == 6
    assert count_runs(made, [(1, block, chunk) for block in range(2) for chunk in range(2)]) == 4
