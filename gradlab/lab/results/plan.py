"""The plan of a run as a document: everything that determines the results, and how two plans differ."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from gradlab._compat import read_settings

from ..engine.devices import select_devices
from ..engine.evaluation_steps import choose_evaluation_steps
from ..engine.task import Task
from ..inputs.source_files import digest_own_file, digest_source_files, find_package_versions
from ..inputs.user_errors import UserCodeError
from .provenance import collect_versions

FORMAT = "gradlab-plan-4"
_OLD_FORMATS = ("gradlab-plan-3", "gradlab-results-2")  # "tasks" had another name; the older one has no sources

_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable")
_UNUSUAL = {  # settings that determine results too, and their defaults; a plan names them where they have another value
    "jax_allow_f16_reductions": True,
    "jax_disable_most_optimizations": False,
    "jax_exec_time_optimization_effort": 0.0,
    "jax_high_dynamic_range_gumbel": False,
    "jax_memory_fitting_effort": 0.0,
    "jax_optimization_level": "UNKNOWN",
    "jax_random_seed_offset": 0,
    "jax_softmax_custom_jvp": False,
    "jax_use_direct_linearize": True,
}
_SOURCES = ("problem_source", "optimizer_source")
_INTERNAL = ("block", "chunk")


def make_plan(kind: str, tasks: Sequence[Task]) -> dict[str, Any]:
    """The plan of some tasks, JSON-ready. How many devices or processes there are is no part of it."""
    return {
        "format": FORMAT,
        "kind": kind,
        "versions": collect_versions(),
        "settings": read_result_settings(),
        **_made_of(tasks),
        "tasks": [_task_document(task) for task in tasks],
    }


def read_result_settings() -> dict[str, str]:
    """The settings of this thread, and the kind of device, that determine the results."""
    current = read_settings()
    found = {name: str(current[name]) for name in _SETTINGS}
    for name, default in _UNUSUAL.items():
        value = current.get(name, default)  # older versions of JAX do not have all of them
        if str(value) != str(default):
            found[name] = str(value)
    flags = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if "device_count" not in flag]
    return found | {"device": _device()} | ({"XLA_FLAGS": " ".join(flags)} if flags else {})


def _made_of(tasks: Sequence[Task]) -> dict[str, Any]:
    """The user's files that problems and optimizers are made of, and the versions of the packages that they are of."""
    things = [thing for task in tasks for thing in (task.problem, task.factory)]
    return {"packages": find_package_versions(*things), "sources": digest_source_files(*things)}


def _device() -> str:
    """The kind of device, of which each rounds in its own way."""
    device = select_devices()[0]
    return platform.machine() if device.platform == "cpu" else device.device_kind


def _task_document(task: Task) -> dict[str, Any]:
    try:
        composition, block, chunk = (
            task.composition,
            [task.partition.block_points, task.partition.block_seeds],
            task.partition.chunk,
        )
    except UserCodeError:  # it cannot be made, which the run reports
        composition, block, chunk = "", [0, 0], 0
    choice = task.problem.score.chosen_by  # a plan without one says nothing of it, as earlier versions' plans do
    return {
        "problem": task.problem.name,
        "setup": task.setup,
        **({} if choice is None else {"chosen_by": choice}),
        "optimizer": task.name,
        "composition": composition,
        "problem_source": digest_own_file(task.problem),
        "optimizer_source": digest_own_file(task.factory),
        "points": {name: values.tolist() for name, values in task.points.items()},
        "seeds": list(task.seeds),
        "steps": task.steps,
        "evaluations": len(choose_evaluation_steps(task.steps)),
        "block": block,
        "chunk": chunk,
    }


def compare_plans(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What differs between the plan of a folder and the one that is wanted, in words; empty if nothing does.

    A plan of an older version does not say what the sources are; then only the files of problems and optimizers count.
    """
    if isinstance(there.get("kind"), str) and there["kind"] != here["kind"]:
        return _unequal("kind", there["kind"], here["kind"])  # whose tasks have other fields
    if there.get("format") in _OLD_FORMATS:
        there = _updated(there, here)
    if not _fits(there, here):
        return ["plan.json is damaged"]
    found = []
    for group in ("versions", "settings", "packages"):
        old, new = there.get(group, {}), here.get(group, {})
        for name in {**new, **old}:
            found += _unequal(name, old.get(name), new.get(name))
    found += _unequal("format", there.get("format"), here["format"])
    for name in ("problem", "optimizer"):
        lists = [
            ", ".join(dict.fromkeys(task.get(name, "?") for task in plan.get("tasks", []))) for plan in (there, here)
        ]
        found += _unequal(f"{name}s", *lists)
    if found:
        return found
    edited = _edited_files(there.get("sources", {}), here.get("sources", {}))
    for old, new in zip(there.get("tasks", []), here["tasks"]):
        where = f"of {new['optimizer']} on {new['problem']}"
        for name, value in new.items():
            if name in (*_SOURCES, *_INTERNAL):
                continue
            if name == "points":
                for key in {**value, **old.get(name, {})}:
                    found += _unequal(f"{key} {where}", _short(old[name].get(key)), _short(value.get(key)))
            elif name == "composition" and (edited or old.get("points") != new["points"]):
                continue  # it is that of other numbers
            else:
                found += _unequal(f"{name} {where}", _short(old.get(name)), _short(value))
        found += edited or _edited(old, new) or ([] if found else _inside(old, new, where))
        if found:
            break
    return found if found or there == here else ["the plans differ"]


def _fits(there: Any, here: Any) -> bool:
    """Whether a document that was read has the types of one that was made, wherever both have something."""
    if isinstance(here, dict):
        return isinstance(there, dict) and all(
            _fits(there[name], value) for name, value in here.items() if name in there
        )
    if isinstance(here, (list, tuple)):
        is_list = isinstance(there, (list, tuple))
        return is_list and (not here or all(_fits(value, here[0]) for value in there))
    return here is None or isinstance(there, str if isinstance(here, str) else (int, float))


def _updated(old: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of an older format in the words of this one; what it does not say, it has from the plan that is wanted."""
    missing = {name: here[name] for name in ("packages", "sources") if name in here}
    tasks = {"tasks": old["laps"]} if "laps" in old else {}
    return {**missing, **old, **tasks, "format": here["format"]}


def _edited_files(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Which of the user's files were edited, or have come or gone."""
    changed = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    edited = [name for name in changed if name in there and name in here]
    shown = edited or changed
    what = f"{', '.join(shown[:3])}{' and more' * (len(shown) > 3)}"
    if not shown:
        return []
    return [
        f"{what} {'were' if len(shown) > 1 else 'was'} edited" if edited else f"other source files are used: {what}"
    ]


def _edited(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Whose source files were edited; one file may have both."""
    changed = [name for name in _SOURCES if old.get(name) != new[name]]
    names = " and ".join(new[name.removesuffix("_source")] for name in changed)
    return [f"the source file of {names} was edited"] if changed else []


def _inside(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> list[str]:
    """How the work was cut, which follows from the rest unless --lanes or --chunk differ."""
    return [
        text for name in _INTERNAL for text in _unequal(f"{name} {where}", _short(old.get(name)), _short(new[name]))
    ]


def _unequal(name: str, there: Any, here: Any) -> list[str]:
    return [] if there == here else [f"{name}: {there} there, {here} here"]


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 4:
        return f"{len(value)} from {value[0]} to {value[-1]}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def count_runs(plan: Mapping[str, Any], chunks: Sequence[tuple[int, int, int]]) -> float:
    """How many runs, in parts of a run, some chunks are of, which are named by task, block and chunk."""
    return sum(_runs_of_chunk(plan, task) for task, _, _ in chunks)


def _runs_of_chunk(plan: Mapping[str, Any], number: int) -> float:
    tasks = plan["tasks"]
    task = tasks[0] if plan["kind"] == "search" else tasks[number]
    if plan["kind"] == "search":  # a task for each round
        points = min(task["batch"], task["trials"] - number * task["batch"])
    else:
        points = len(next(iter(task["points"].values())))
    seeds, (block_points, block_seeds) = len(task["seeds"]), task["block"]
    blocks = -(-points // block_points) * -(-seeds // block_seeds)
    return points * seeds / (blocks * -(-(task["steps"] + 1) // task["chunk"]))
