"""Tasks of one structure each, and their results as those of one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

from ..._engine.task import Task, TaskResult, Watcher, describe_options
from ..._storage.mapped_arrays import allocate, release
from .ranges import SearchSpaceError
from .structures import Fixed, Structure


@dataclass(frozen=True)
class JoinedTask(Task):
    """The tasks of one optimizer on one problem, which differ in structure. It has their points, and does not run."""

    parts: tuple[Task, ...] = ()
    structures: tuple[Structure, ...] = ()

    def make_optimizer(self, point: int) -> optax.GradientTransformation:
        """Return the optimizer at a point, which the task of its structure makes."""
        part, index = self._locate(point)
        return part.make_optimizer(index)

    def read_point(self, point: int) -> dict[str, Any]:
        """Return the numbers at a point as the factory takes them."""
        part, index = self._locate(point)
        return part.read_point(index)

    def _locate(self, point: int) -> tuple[Task, int]:
        """Return the task that has a point, and the place of the point in it."""
        for part, structure in zip(self.parts, self.structures):
            if point in structure.points:
                return part, int(np.flatnonzero(structure.points == point)[0])
        raise AssertionError("each point belongs to a structure")


def divide(task: Task, structures: Sequence[Structure]) -> list[Task]:
    """Return a task for each structure; the task itself if all hyperparameters are numbers at all points."""
    if len(structures) == 1 and structures[0].numbers == tuple(task.points):
        return [task]
    numbers = np.arange(task.point_count) if task.numbers is None else np.array(task.numbers)
    return [
        replace(
            task,
            factory=Fixed(task.factory, structure.values) if structure.values else task.factory,
            points={name: task.points[name][structure.points] for name in structure.numbers},
            options=structure.options,
            numbers=tuple(numbers[structure.points].tolist()),
        )
        for structure in structures
    ]


def check_structure(task: Task, watcher: Watcher) -> None:
    """Check the points of a task. Raises ValueError for the first that is refused, with the choices that it has."""
    try:
        task.check(watcher)
    except ValueError as error:
        if not task.options:
            raise
        raise SearchSpaceError(
            f"{error} (at {describe_options(task.options)}); a condition leaves such points out: "
            f"--set 'nesterov=yes,no if momentum=0.9'"
        ) from error


def join_structures(
    results: Sequence[TaskResult],
    points: Mapping[str, np.ndarray],
    structures: Sequence[Structure],
    folder: Path | None,
) -> list[TaskResult]:
    """Return one result for each optimizer, given those of its structures, on one problem.

    An optimizer is left out if one of its structures failed. With a `folder`, curves that are too large for memory lie
    in files there.
    """
    by_name: dict[str, list[TaskResult]] = {}
    for result in results:
        by_name.setdefault(result.task.name, []).append(result)
    complete = [parts for parts in by_name.values() if len(parts) == len(structures)]
    return [_join(parts, points, structures, folder) for parts in complete]


def _join(
    parts: list[TaskResult], points: Mapping[str, np.ndarray], structures: Sequence[Structure], folder: Path | None
) -> TaskResult:
    task = parts[0].task
    if len(parts) == 1 and tuple(task.points) == tuple(points):
        return parts[0]

    def put_together(*arrays: np.ndarray) -> np.ndarray:
        count = sum(len(array) for array in arrays)
        whole = allocate((count, *arrays[0].shape[1:]), arrays[0].dtype, folder)
        for structure, array in zip(structures, arrays):
            whole[structure.points] = array
        release(whole)
        return whole

    return TaskResult(
        _join_tasks([part.task for part in parts], points, structures),
        jax.tree.map(put_together, *(part.curves for part in parts)),
        sum(part.compile_seconds for part in parts),
        sum(part.run_seconds for part in parts),
    )


def as_one_task(task: Task, structures: Sequence[Structure]) -> Task:
    """Return a task of points of several structures, for results that are there already."""
    parts = divide(task, structures)
    return task if parts[0] is task else _join_tasks(parts, task.points, structures)


def _join_tasks(parts: Sequence[Task], points: Mapping[str, np.ndarray], structures: Sequence[Structure]) -> JoinedTask:
    fields = {name: getattr(parts[0], name) for name in Task.__dataclass_fields__}
    return JoinedTask(
        **{**fields, "points": points, "options": {}, "numbers": None}, parts=tuple(parts), structures=tuple(structures)
    )
