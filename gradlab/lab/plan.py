"""The plan of a run as a document: everything that determines the results, and how two plans differ."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from .blame import ForeignError
from .lanes import local_devices
from .load import source_digest
from .results import FORMAT, versions
from .task import Task

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


def document(kind: str, tasks: Sequence[Task]) -> dict[str, Any]:
    """The plan of some tasks, JSON-ready. How many devices or processes there are is no part of it."""
    return {
        "format": FORMAT,
        "kind": kind,
        "versions": versions(),
        "settings": settings(),
        "laps": [_lap(task) for task in tasks],
    }


def settings() -> dict[str, str]:
    """The settings of this thread, and the kind of device, that determine the results."""
    found = {name: str(getattr(jax.config, name)) for name in _SETTINGS}
    for name, default in _UNUSUAL.items():
        value = jax.config.values.get(name, default)  # not all are attributes
        if str(value) != str(default):
            found[name] = str(value)
    flags = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if "device_count" not in flag]
    return found | {"device": _device()} | ({"XLA_FLAGS": " ".join(flags)} if flags else {})


def _device() -> str:
    """The kind of device, of which each rounds in its own way."""
    device = local_devices()[0]
    return platform.machine() if device.platform == "cpu" else device.device_kind


def _lap(task: Task) -> dict[str, Any]:
    try:
        composition, block, chunk = task.composition, [task.cut.block_points, task.cut.block_seeds], task.cut.chunk
    except ForeignError:  # it cannot be made, which the run reports
        composition, block, chunk = "", [0, 0], 0
    choice = task.problem.score.chosen_by  # a plan without one says nothing of it, as earlier versions' plans do
    return {
        "problem": task.problem.name,
        "setup": task.setup,
        **({} if choice is None else {"chosen_by": choice}),
        "optimizer": task.name,
        "composition": composition,
        "problem_source": source_digest(task.problem),
        "optimizer_source": source_digest(task.make),
        "points": {name: values.tolist() for name, values in task.points.items()},
        "seeds": list(task.seeds),
        "steps": task.steps,
        "block": block,
        "chunk": chunk,
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What differs between the plan of a folder and the one that is wanted, in words; empty if nothing does."""
    found = []
    for group in ("versions", "settings"):
        old, new = there.get(group, {}), here.get(group, {})
        for name in {**new, **old}:
            found += _unequal(name, old.get(name), new.get(name))
    for name in ("format", "kind"):
        found += _unequal(name, there.get(name), here[name])
    for name in ("problem", "optimizer"):
        lists = [", ".join(dict.fromkeys(lap.get(name, "?") for lap in plan.get("laps", []))) for plan in (there, here)]
        found += _unequal(f"{name}s", *lists)
    if found:
        return found
    for old, new in zip(there.get("laps", []), here["laps"]):
        where = f"of {new['optimizer']} on {new['problem']}"
        for name, value in new.items():
            if name in (*_SOURCES, *_INTERNAL):
                continue
            if name == "points":
                for key in {**value, **old.get(name, {})}:
                    found += _unequal(f"{key} {where}", _short(old[name].get(key)), _short(value.get(key)))
            elif name == "composition" and old.get("points") != new["points"]:
                continue  # it is that of other numbers
            else:
                found += _unequal(f"{name} {where}", _short(old.get(name)), _short(value))
        found += _edited(old, new) or ([] if found else _inside(old, new, where))
        if found:
            break
    return found if found or there == here else ["the plans differ"]


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
