"""The problems and optimizers of a merged study, which are made to draw it, and to name an optimizer at a new point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._engine.task import Task
from ..._inputs.importing import LoadError
from ..._inputs.loading import find_contestant, find_factory, find_own_problem
from ..._inputs.name_lookup import UnknownNameError
from ..._inputs.source_files import digest_own_file, digest_source_files
from ..._inputs.user_errors import UserCodeError
from ...problems.base import Problem
from ..search_space.axes import parse_value
from ..search_space.choices import label_values
from ..search_space.structures import Fixed
from .layout import Layout, Slot
from .parts import Part, RefusedMergeError


def make_problems(layout: Layout, given: Sequence[Problem]) -> dict[str, Problem]:
    """Return the problems of a layout by name: those that are given, and else gradlab's.

    Raises RefusedMergeError for one that is neither, or that is not as the parts had it.
    """
    by_name = {problem.name: problem for problem in given}
    if unknown := [name for name in by_name if name not in layout.problems]:
        raise RefusedMergeError(
            f"{unknown[0]} is given, but the problems of the parts are {', '.join(layout.problems)}; leave it out"
        )
    return {name: _make_problem(name, layout, by_name.get(name)) for name in layout.problems}


def _make_problem(name: str, layout: Layout, given: Problem | None) -> Problem:
    part, task = next((part, task) for part in layout.parts for task in part.tasks if task["problem"] == name)
    found = given if given is not None else find_own_problem(name, task["setup"])
    if found is None:
        raise RefusedMergeError(
            f"{name} ({task['setup']}) is no problem of gradlab; pass it, as to the command of {part.folder}: "
            f"--problem package.module:name (problems=...)"
        )
    setup = Task(found, "", "", lambda: None, {"learning_rate": np.zeros(1)}, (0,), 1).setup
    if setup != task["setup"]:
        raise RefusedMergeError(
            f"the setup of {name} is {setup} here, and {task['setup']} in {part.folder}; pass the same problem: "
            f"--problem (problems=...)"
        )
    _require_sources(found, task.get("problem_source"), name, part)
    return found


def _require_sources(thing: Any, digest: str | None, name: str, part: Part) -> None:
    """Raise RefusedMergeError if the source of an object is not that of a part."""
    sources = part.plan["sources"]
    edited = [file for file, text in digest_source_files(thing).items() if sources.get(file, text) != text]
    if edited or digest != digest_own_file(thing):
        raise RefusedMergeError(
            f"{', '.join(edited) or f'the source file of {name}'} is not as it was when {part.folder} was computed; "
            f"merge with that version"
        )


class Compositions:
    """The texts of optimizers at points that no part has in the middle. `given` are optimizers by name."""

    def __init__(self, layout: Layout, given: Mapping[str, Any]):
        if unknown := [name for name in given if name not in layout.optimizers]:
            raise RefusedMergeError(
                f"{unknown[0]} is given, but the optimizers of the parts are {', '.join(layout.optimizers)}; "
                f"leave it out"
            )
        self.layout, self.given = layout, given

    def find(self, slot: Slot, problem: Problem, point: int) -> str:
        """Return the text of the optimizer at a point of a slot.

        Raises RefusedMergeError for an optimizer that cannot be made here, or that is another one than the parts had.
        """
        for _, task in slot.sources:
            middle = len(next(iter(task["points"].values()))) // 2
            if all(task["points"][name][middle] == values[point] for name, values in slot.points.items()):
                return str(task["composition"])
        factory = self._find_factory(slot)
        for part, task in slot.sources:
            _require_sources(factory, task["optimizer_source"], slot.optimizer, part)
            count = len(next(iter(task["points"].values())))
            points = {name: np.array(values, float) for name, values in task["points"].items()}
            text = self._make(slot, problem, factory, points, count // 2)
            if text != task["composition"]:
                raise RefusedMergeError(
                    f"{slot.optimizer} is {text} here, and {task['composition']} in {part.folder}; pass the same "
                    f"optimizer: --optimizer package.module:factory (optimizers=...)"
                )
        return self._make(slot, problem, factory, slot.points, point)

    def _make(self, slot: Slot, problem: Problem, factory: Any, points: Mapping[str, np.ndarray], point: int) -> str:
        task = Task(problem, slot.optimizer, "", factory, points, (0,), 1, options=slot.structure.options)
        try:
            return str(task.make_optimizer(point))
        except (UserCodeError, ValueError) as error:
            raise RefusedMergeError(f"{slot.label} cannot be made here: {error}") from None

    def _find_factory(self, slot: Slot) -> Any:
        """Return the factory of a slot's optimizer, with its choices. Raises RefusedMergeError."""
        name, is_race = slot.optimizer, self.layout.kind == "race"
        try:
            factory: Any = self.given.get(name) or (find_contestant if is_race else find_factory)(name)
        except (UnknownNameError, LoadError) as error:
            raise RefusedMergeError(
                f"{error}; pass the optimizer, as to the command of {slot.sources[0][0].folder}: --optimizer "
                f"package.module:factory (optimizers=...)"
            ) from None
        values = {}
        for option, label in slot.structure.options.items():
            parameter = factory.factory.parameters[option]
            (values[option],) = label_values(option, [parse_value(label)], [parameter]).values()
        return Fixed(factory, values) if values else factory
