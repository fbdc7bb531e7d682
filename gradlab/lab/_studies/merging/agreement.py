"""The agreement of the parts of a merge: what determines results must be equal in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..._formatting import join_at_most
from ..._results.plan import compare, compare_surroundings, name_task, shorten
from .parts import Part, RefusedMergeError

_OF_PROBLEM = ("setup", "chosen_by", "steps", "curve_points")
_RULE = "All parts of a study need the same: compute one of them anew, with --fresh (fresh=True)."


def require_agreement(parts: Sequence[Part]) -> None:
    """Raise RefusedMergeError, with both values, if two parts differ in what determines their results.

    That are the kind of study, versions, settings, the kind of device, the user's files, and of each problem and
    optimizer that two parts have in common, all but their configurations and seeds.
    """
    for at, part in enumerate(parts):
        for other in parts[:at]:
            names = f"in {other.folder}", f"in {part.folder}"
            if differences := _compare(other.plan, part.plan, names):
                kinds = other.plan["kind"] != part.plan["kind"]
                rule = "Merge studies of one kind." if kinds else _RULE
                raise RefusedMergeError(f"{join_at_most(differences, 3)}. {rule}")


def _compare(one: Mapping[str, Any], other: Mapping[str, Any], names: tuple[str, str]) -> list[str]:
    common = one["packages"].keys() & other["packages"].keys()
    plans = [
        {**plan, "packages": {name: plan["packages"][name] for name in sorted(common)}, "tasks": []}
        for plan in (one, other)
    ]
    if differences := compare_surroundings(plans[0], plans[1], names=names):
        return differences
    edited = [name for name, text in one["sources"].items() if other["sources"].get(name, text) != text]
    if edited:
        return [f"{join_at_most(edited, 3)}: not the same file {names[0]} and {names[1]}"]
    found: dict[str, None] = {}
    of_problem = {task["problem"]: task for task in one["tasks"]}
    of_optimizer = {task["optimizer"]: task for task in one["tasks"]}
    of_task = {name_task(task): task for task in one["tasks"]}
    for task in other["tasks"]:
        if old := of_problem.get(task["problem"]):
            for name in _OF_PROBLEM:
                where = f"{name} on {task['problem']}"
                found |= dict.fromkeys(compare(where, shorten(old.get(name)), shorten(task.get(name)), names))
            found |= _compare_source("problem", old, task, names)
        if old := of_optimizer.get(task["optimizer"]):
            found |= _compare_source("optimizer", old, task, names)
        old = of_task.get(name_task(task))
        if old and old["points"] == task["points"]:
            where = f"composition of {task['optimizer']} on {task['problem']}"
            found |= dict.fromkeys(compare(where, old["composition"], task["composition"], names))
    return list(found)


def _compare_source(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], names: tuple[str, str]
) -> dict[str, None]:
    if old.get(f"{kind}_source") == new.get(f"{kind}_source"):
        return {}
    return {f"the source file of {new[kind]}: not the same {names[0]} and {names[1]}": None}


def require_blocks(tasks: Sequence[tuple[Path, Mapping[str, Any]]]) -> None:
    """Raise RefusedMergeError if tasks of one optimizer on one problem were computed in programs of other shapes."""
    first, one = tasks[0]
    problem, optimizer = name_task(one)
    for folder, task in tasks[1:]:
        if task["block"] != one["block"]:
            what = "configurations" if task["block"][0] != one["block"][0] else "seeds"
            raise RefusedMergeError(
                f"{optimizer} on {problem} was computed in blocks of {describe_block(one)} in {first}, "
                f"and of {describe_block(task)} in {folder}, because one of them has so few {what}; {SHAPES}"
            )
        if task.get("is_brief") != one.get("is_brief"):
            few = first if one.get("is_brief") else folder
            raise RefusedMergeError(
                f"so few runs as {few} has of {optimizer} on {problem} were compiled in another way, "
                f"in which XLA rounds differently; compute more of them there, such as more seeds"
            )


SHAPES = (
    "XLA rounds differently in blocks of other shapes. Compute all of them with the same --lanes (lanes=): 1 goes "
    "with any numbers, and 13, which is faster, with eight configurations or more and any number of seeds"
)


def describe_block(task: Mapping[str, Any]) -> str:
    """Return the shape of a block in words, such as `13 x 5 runs`."""
    return " x ".join(map(str, task["block"])) + " runs"
