"""The layout of a merged study: its problems, optimizers, configurations and seeds, and which parts have its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..._engine.partition import Rectangle
from ..._engine.task import name_variant
from ..._results.plan import name_task
from ..._storage.known_runs import Head, place_runs
from ..search_space.structures import Structure
from .parts import Part, RefusedMergeError
from .spaces import Columns, Configurations, join_configurations


class Slot(NamedTuple):
    """A task of the merged study: one optimizer, with one structure of its choices, on one problem."""

    problem: str
    optimizer: str
    structure: Structure
    points: Columns  # of this structure
    sources: tuple[tuple[Part, dict[str, Any]], ...]  # the tasks of parts that have runs of it

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"{name_variant(self.optimizer, self.structure.options)} on {self.problem}"

    @property
    def size(self) -> int:
        """The number of its points."""
        return len(self.structure.points)

    def list_missing(self, seeds: Sequence[int]) -> list[Rectangle]:
        """Return the runs that no part has, as indices of points and seeds; points that lack the same are together."""
        is_known = np.zeros((self.size, len(seeds)), bool)
        for _, task in self.sources:
            if place := place_runs(self.points, seeds, make_head(task)):
                is_known[np.ix_(place[1], place[2])] = True
        patterns, members = np.unique(is_known, axis=0, return_inverse=True)
        members = members.reshape(-1)
        return [
            (tuple(np.flatnonzero(members == number).tolist()), tuple(np.flatnonzero(~pattern).tolist()))
            for number, pattern in enumerate(patterns)
            if not pattern.all()
        ]


def make_head(task: Mapping[str, Any]) -> Head:
    """Return the label of all runs of a task of a plan."""
    points = {name: np.array(values, float) for name, values in task["points"].items()}
    return Head(*name_task(task), points, tuple(task["seeds"]), Path())


@dataclass(frozen=True)
class Layout:
    """The parts of a merged study."""

    parts: tuple[Part, ...]
    problems: tuple[str, ...]
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    configurations: Configurations | None  # None for a race
    rates: Mapping[tuple[str, str], np.ndarray]  # of a race: (problem, optimizer) -> learning rates

    @property
    def kind(self) -> str:
        """The kind of study: "race" or "sweep"."""
        return str(self.parts[0].plan["kind"])

    def columns(self, problem: str, optimizer: str) -> Columns:
        """Return the points of an optimizer on a problem."""
        if self.configurations is not None:
            return self.configurations.columns
        return {"learning_rate": self.rates[problem, optimizer]}

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The tasks, problem by problem."""
        return tuple(self._list_slots())

    @property
    def point_count(self) -> int:
        """The number of points of each optimizer."""
        return len(next(iter(self.columns(self.problems[0], self.optimizers[0]).values())))

    @property
    def runs(self) -> int:
        """The number of all runs."""
        return len(self.problems) * len(self.optimizers) * len(self.seeds) * self.point_count

    def _list_slots(self) -> Iterator[Slot]:
        sources: dict[tuple[str, str], list[tuple[Part, dict[str, Any]]]] = {}
        for part in self.parts:
            for task in part.tasks:
                sources.setdefault(name_task(task), []).append((part, task))
        structures = None
        if self.configurations is not None:
            structures = self.configurations.space.structures(self.configurations.columns)
        for problem in self.problems:
            for optimizer in self.optimizers:
                columns = self.columns(problem, optimizer)
                every = Structure({}, {}, tuple(columns), np.arange(self.point_count))
                for structure in structures or [every]:
                    points = {name: columns[name][structure.points] for name in structure.numbers}
                    found = sources.get((problem, name_variant(optimizer, structure.options)), [])
                    mine = [(part, task) for part, task in found if set(task["points"]) == set(points)]
                    yield Slot(problem, optimizer, structure, points, tuple(mine))


def lay_out(parts: Sequence[Part]) -> Layout:
    """Return the layout of the study that some studies are parts of: all problems, optimizers, points and seeds.

    Each stands in the order in which the parts have it; seeds and learning rates of a race ascend. Raises
    RefusedMergeError for races with other numbers of learning rates, and for sweeps with other hyperparameters.
    """
    tasks = [task for part in parts for task in part.tasks]
    problems, optimizers = (tuple(dict.fromkeys(task[kind] for task in tasks)) for kind in ("problem", "optimizer"))
    seeds = tuple(sorted({seed for task in tasks for seed in task["seeds"]}))
    if parts[0].plan["kind"] != "race":
        return Layout(tuple(parts), problems, optimizers, seeds, join_configurations(parts), {})
    rates: dict[tuple[str, str], set[float]] = {}
    for task in tasks:
        rates.setdefault(name_task(task), set()).update(task["points"]["learning_rate"])
    counts = {name: len(values) for name, values in rates.items()}
    (most, least) = (choose(counts, key=counts.__getitem__) for choose in (max, min))
    if counts[most] != counts[least]:
        raise RefusedMergeError(
            f"{most[1]} on {most[0]} has {counts[most]} learning rates in all, and {least[1]} on {least[0]} has "
            f"{counts[least]}. A race has as many for each optimizer: give all parts the same --rates, or others to "
            f"all optimizers"
        )
    # A pair that no part has is found later: its runs are missing.
    some = next(iter(rates.values()))
    arrays = {(p, o): np.array(sorted(rates.get((p, o), some))) for p in problems for o in optimizers}
    return Layout(tuple(parts), problems, optimizers, seeds, None, arrays)
