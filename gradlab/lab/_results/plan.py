"""The plan of a study: a JSON document of everything that determines its results, and the comparison of two plans."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradlab._compat import read_settings

from .._engine.devices import select_devices
from .._engine.evaluation_steps import choose_evaluation_steps
from .._engine.partition import count_operations_of_gradients
from .._engine.program import BRIEF_OPERATIONS
from .._engine.task import Task, name_variant
from .._formatting import join_at_most
from .._inputs.source_files import digest_own_file, digest_source_files, find_package_versions
from .._inputs.user_errors import UserCodeError
from .provenance import collect_versions

FORMAT = "gradlab-plan-4"
# Older formats that can be continued. They call the tasks "laps"; the second one has no source files.
_OLD_FORMATS = ("gradlab-plan-3", "gradlab-results-2")

SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable")
# Further settings that change results, with their defaults. A plan has only those with another value.
RARE_SETTINGS: dict[str, Any] = {
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
_FILES = ("problem_files", "optimizer_files")  # the names of the user's files; their digests are those of the plan
_DAMAGED = "plan.json is damaged"
_INTERNAL = ("block", "chunk", "is_brief")
PLACES = "in the folder", "requested"  # where the values are that a difference names


def make_plan(kind: str, tasks: Sequence[Task]) -> dict[str, Any]:
    """Return the plan of some tasks as a JSON document. It does not depend on the number of devices or processes."""
    sources = _describe_sources(tasks)
    return {
        "format": FORMAT,
        "kind": kind,
        "versions": collect_versions(),
        "settings": read_result_settings(),
        **sources,
        "tasks": [_task_document(task, bool(sources["sources"])) for task in tasks],
    }


def describe_round(plan: Mapping[str, Any], points: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return what determines the results of a round of a search: not how many trials there are in all."""
    tasks = [{name: value for name, value in task.items() if name != "trials"} for task in plan["tasks"]]
    return {**plan, "tasks": tasks, "points": {name: values.tolist() for name, values in points.items()}}


def read_result_settings() -> dict[str, str]:
    """Return those settings of the calling thread that change results, and the kind of device."""
    current = read_settings()
    settings = {name: str(current[name]) for name in SETTINGS}
    for name, default in RARE_SETTINGS.items():
        value = current.get(name, default)  # older versions of JAX do not have all of them
        if str(value) != str(default):
            settings[name] = str(value)
    flags = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if "device_count" not in flag]
    return settings | {"device": _device()} | ({"XLA_FLAGS": " ".join(flags)} if flags else {})


def _describe_sources(tasks: Sequence[Task]) -> dict[str, Any]:
    """Return the versions of the packages, and the digests of the user's files, that define problems and optimizers."""
    things = [thing for task in tasks for thing in (task.problem, task.factory)]
    return {"packages": find_package_versions(*things), "sources": digest_source_files(*things)}


def _device() -> str:
    """Return the kind of device. Each kind rounds in its own way."""
    device = select_devices()[0]
    return platform.machine() if device.platform == "cpu" else device.device_kind


def _task_document(task: Task, has_sources: bool) -> dict[str, Any]:
    try:
        composition, block, chunk, is_brief = (
            task.composition,
            [task.partition.block_points, task.partition.block_seeds],
            task.partition.chunk,
            count_operations_of_gradients(task.problem, task.partition) < BRIEF_OPERATIONS,
        )
    except UserCodeError:  # the optimizer cannot be made, which is reported when the task runs
        composition, block, chunk, is_brief = "", [0, 0], 0, False
    chosen_by = task.problem.score.chosen_by
    return {
        "problem": task.problem.name,
        "setup": task.setup,
        # Left out if there is none, because plans of older versions do not have it.
        **({} if chosen_by is None else {"chosen_by": chosen_by}),
        "optimizer": task.name,
        **({"options": dict(task.options)} if task.options else {}),
        "composition": composition,
        "problem_source": digest_own_file(task.problem),
        "optimizer_source": digest_own_file(task.factory),
        "points": {name: values.tolist() for name, values in task.points.items()},
        "seeds": list(task.seeds),
        "steps": task.steps,
        "evaluations": len(choose_evaluation_steps(task.steps)),
        # Left out where all values are kept, as in plans of older versions.
        **({} if task.curve_points is None else {"curve_points": task.curve_points}),
        **({} if task.pruning is None else {"pruning": repr(task.pruning.rule)}),
        "block": block,
        "chunk": chunk,
        **({"is_brief": True} if is_brief else {}),  # then it is compiled in another way
        **(_list_files(task) if has_sources else {}),
    }


def _list_files(task: Task) -> dict[str, list[str]]:
    """Return the names of the user's files that the problem runs, and of those that the optimizer runs."""
    things = dict(zip(_FILES, (task.problem, task.factory)))
    return {name: files for name, thing in things.items() if (files := list(digest_source_files(thing)))}


def name_task(task: Mapping[str, Any]) -> tuple[str, str]:
    """Return the problem of a task in a plan, and its optimizer with its options."""
    return task["problem"], name_variant(task["optimizer"], task.get("options", {}))


def compare_plans(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    """Return the differences between the plan of a folder and the requested plan in words, or an empty list.

    A plan of an older version does not list all source files. Then only those of problems and optimizers are compared.
    """
    if stored.get("format") in _OLD_FORMATS and stored.get("kind", requested["kind"]) == requested["kind"]:
        stored = _update_format(stored, requested)
    differences = compare_surroundings(stored, requested)
    if differences and (stored.get("kind") != requested["kind"] or differences == [_DAMAGED]):
        return differences
    for name in ("problem", "optimizer"):
        lists = [
            ", ".join(dict.fromkeys(task.get(name, "?") for task in plan.get("tasks", [])))
            for plan in (stored, requested)
        ]
        differences += compare(f"{name}s", lists[0], lists[1])
    if differences:
        return differences
    edited = _compare_source_files(stored.get("sources", {}), requested.get("sources", {}))
    for old, new in zip(stored.get("tasks", []), requested["tasks"]):
        differences += _compare_tasks(old, new, edited)
        if differences:
            break
    if differences or stored == requested:
        return differences
    return compare_baselines(stored, requested) or ["the plans differ"]


def compare_baselines(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    """Return the differences of the baselines that two races are compared with, as digests of their files."""
    old, new = (
        join_at_most([f"{name} {digest}" for name, digest in plan.get("against", {}).items()]) or "none"
        for plan in (stored, requested)
    )
    return compare("baselines", old, new)


def compare_surroundings(
    stored: Mapping[str, Any],
    requested: Mapping[str, Any],
    may_add_packages: bool = False,
    names: tuple[str, str] = PLACES,
) -> list[str]:
    """Return the differences of what is around the tasks of two plans in words: kind, format, versions and settings.

    With `may_add_packages`, the requested plan may use packages that the stored one does not. `names` say where the
    plans are.
    """
    if isinstance(stored.get("kind"), str) and stored["kind"] != requested["kind"]:
        # The tasks of another kind of study have other fields, so nothing else can be compared.
        return compare("kind", stored["kind"], requested["kind"], names)
    if not _has_types_of(stored, requested):
        return [_DAMAGED]
    differences = []
    for group in ("versions", "settings", "packages"):
        old, new = stored.get(group, {}), requested.get(group, {})
        for name in old if group == "packages" and may_add_packages else {**new, **old}:
            differences += compare(name, old.get(name), new.get(name), names)
    return differences + compare("format", stored.get("format"), requested["format"], names)


def _compare_tasks(old: Mapping[str, Any], new: Mapping[str, Any], edited: list[str]) -> list[str]:
    """Return the differences of two tasks. `edited` says which source files of the study were edited."""
    where = f"of {new['optimizer']} on {new['problem']}"
    differences = []
    differences += compare(f"sampler {where}", old.get("sampler", "tpe"), new.get("sampler", "tpe"))
    for name, value in {"curve_points": None, "pruning": None, **new}.items():
        if name in (*_SOURCES, *_INTERNAL, *_FILES, "sampler"):
            continue
        if name == "axes" or (name == "points" and "axes" not in new):  # of a search with choices, `axes` has all
            before = old.get(name, old["points"])
            for key in {**value, **before}:
                differences += compare(f"{key} {where}", shorten(before.get(key)), shorten(value.get(key)))
        elif name == "composition" and (edited or old.get("points") != new["points"]):
            continue  # the difference follows from another one
        else:
            differences += compare(f"{name} {where}", shorten(old.get(name)), shorten(value))
    return differences + (
        edited or _compare_own_files(old, new) or ([] if differences else _compare_partitions(old, new, where))
    )


def _has_types_of(stored: Any, requested: Any) -> bool:
    """Return whether a document that was read has the types of one that was made, in all fields that both have."""
    if isinstance(requested, dict):
        return isinstance(stored, dict) and all(
            _has_types_of(stored[name], value) for name, value in requested.items() if name in stored
        )
    if isinstance(requested, (list, tuple)):
        is_list = isinstance(stored, (list, tuple))
        return is_list and (not requested or all(_has_types_of(value, requested[0]) for value in stored))
    return requested is None or isinstance(stored, str if isinstance(requested, str) else (int, float))


def _update_format(old: Mapping[str, Any], requested: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan of an older format in the present one. Fields that it does not have are taken from `requested`."""
    missing = {name: requested[name] for name in ("packages", "sources") if name in requested}
    updated = {**missing, **old, "format": requested["format"]}
    if "laps" in updated:  # the name of the tasks in older formats
        updated["tasks"] = updated.pop("laps")
    return updated


def _compare_source_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return which of the user's files were edited, or which were added or removed."""
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    edited = [name for name in changed if name in old and name in new]
    names = edited or changed
    if not names:
        return []
    text = f"{', '.join(names[:3])}{' and more' * (len(names) > 3)}"
    return [
        f"{text} {'were' if len(names) > 1 else 'was'} edited" if edited else f"other source files are used: {text}"
    ]


def _compare_own_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return whose source file was edited: that of the problem, of the optimizer, or of both."""
    changed = [name for name in _SOURCES if old.get(name) != new[name]]
    names = " and ".join(new[name.removesuffix("_source")] for name in changed)
    return [f"the source file of {names} was edited"] if changed else []


def _compare_partitions(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> list[str]:
    """Return the differences of blocks and chunks. Only --lanes and --chunk cause them where all else is equal."""
    return [
        text
        for name in _INTERNAL
        for text in compare(f"{name} {where}", shorten(old.get(name)), shorten(new.get(name)))
    ]


def compare(name: str, stored: Any, requested: Any, names: tuple[str, str] = PLACES) -> list[str]:
    """Return the difference of two values in words, or nothing if they are equal. `names` say where they are."""
    return [] if stored == requested else [f"{name}: {stored} {names[0]}, {requested} {names[1]}"]


def shorten(value: Any) -> str:
    """Return a value of a plan as text; a long list as its length and its ends."""
    if isinstance(value, list) and len(value) > 4:
        return f"{len(value)} from {value[0]} to {value[-1]}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
