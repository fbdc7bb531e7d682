"""The plan of a merged study: that of the study run at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._engine.partition import (
    BLOCK_POINTS,
    RUNS_WITHOUT_LIMIT,
    Partition,
    choose_block_shape,
    count_operations_of_gradients,
)
from ..._engine.program import BRIEF_OPERATIONS
from ..._formatting import format_count
from ...problems.base import Problem
from .agreement import SHAPES, describe_block, require_blocks
from .layout import Layout, Slot
from .makers import Compositions
from .parts import RefusedMergeError


def make_merged_plan(layout: Layout, problems: Mapping[str, Problem], compositions: Compositions) -> dict[str, Any]:
    """Return the plan of the study that the parts of a layout make together, which has all of its runs.

    The blocks of all parts must have one shape (see `find_lanes`). Raises RefusedMergeError if the study at once would
    be compiled in another way than its parts.
    """
    tasks = [_make_task(slot, layout, problems[slot.problem], compositions) for slot in layout.slots]
    merged: dict[str, dict[str, str]] = {"packages": {}, "sources": {}}
    for name, entries in merged.items():
        for part in layout.parts:
            entries |= part.plan[name]
        merged[name] = dict(sorted(entries.items()))
    return {**layout.parts[0].plan, **merged, "tasks": tasks}


def _make_task(slot: Slot, layout: Layout, problem: Problem, compositions: Compositions) -> dict[str, Any]:
    task = dict(slot.sources[0][1])
    task["points"] = {name: values.tolist() for name, values in slot.points.items()}
    task["seeds"] = list(layout.seeds)
    task["composition"] = compositions.find(slot, problem, slot.size // 2)
    if task.get("is_brief"):
        partition = Partition(
            slot.size, len(layout.seeds), task["steps"], task["block"][0], task["block"][1], task["chunk"]
        )
        if count_operations_of_gradients(problem, partition) >= BRIEF_OPERATIONS:
            raise RefusedMergeError(
                f"so few runs as the parts have of {slot.label} were compiled in another way than "
                f"{format_count(slot.size * len(layout.seeds), 'run')} at once, in which XLA rounds differently; "
                f"compute more of them in each part, such as more seeds"
            )
    return task


def find_lanes(layout: Layout) -> int | None:
    """Return the number of lanes with which the study at once has the blocks of its parts; None if it needs none.

    Raises RefusedMergeError if there is no such number.
    """
    possible = set(range(1, RUNS_WITHOUT_LIMIT))
    for slot in layout.slots:
        if not slot.sources:
            continue  # its runs are missing, which is refused elsewhere
        require_blocks([(part.folder, task) for part, task in slot.sources])
        part, task = slot.sources[0]
        shapes = {(_count_points(other), len(other["seeds"])) for _, other in slot.sources}
        shapes.add((slot.size, len(layout.seeds)))
        if len({choose_block_shape(*shape, RUNS_WITHOUT_LIMIT) for shape in shapes}) == 1:
            continue  # what limits a block further, its memory and its work, is the same for all
        possible &= {
            lanes
            for lanes in possible
            if {choose_block_shape(*shape, lanes) for shape in shapes} == {tuple(task["block"])}
        }
        if not possible:
            raise RefusedMergeError(
                f"{slot.label} was computed in blocks of {describe_block(task)} in {part.folder}, because it has so "
                f"few configurations or seeds there; all of them at once have larger ones, and {SHAPES}"
            )
    if len(possible) == RUNS_WITHOUT_LIMIT - 1:
        return None
    return BLOCK_POINTS if BLOCK_POINTS in possible else max(possible)


def _count_points(task: Mapping[str, Any]) -> int:
    return len(next(iter(task["points"].values())))
