"""A merged study as a value: its plan, and its results, which are put together and not computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..._engine.distributed import Processes
from ..._engine.task import Task, TaskResult, Watcher
from ..._engine.task_runner import Helpers
from ..._results.assembly import assemble_dataset
from ...problems.base import Problem
from ..study import Failed
from .layout import Layout
from .makers import Compositions
from .merged_plan import make_merged_plan
from .merged_runs import MergedRuns, find_merged_group, merge_notes


@dataclass(frozen=True)
class _KnownTask(Task):
    """All runs of one optimizer on one problem, which are known. It does not run, and need not make its optimizer."""

    text: str = ""  # of the optimizer at the middle point
    group: Mapping[str, Any] | None = None  # see `find_default_group`

    @property
    def composition(self) -> str:
        """The composition of the optimizer at the middle point, as text."""
        return self.text

    @property
    def default_group(self) -> Mapping[str, Any] | None:
        """The part that trains all leaves, if the selectors of the optimizer choose none."""
        return self.group


@dataclass(frozen=True)
class MergedStudy:
    """The study that the parts of a layout make together. Making its plan refuses what cannot become one."""

    layout: Layout
    by_name: Mapping[str, Problem]
    compositions: Compositions
    repeated: list[int] = field(default_factory=list)  # how many runs several parts have, once it is computed

    @property
    def kind(self) -> str:
        """The kind of study: "race" or "sweep"."""
        return self.layout.kind

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems."""
        return tuple(self.by_name.values())

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.layout.runs

    @cached_property
    def _plan(self) -> dict[str, Any]:
        return make_merged_plan(self.layout, self.by_name, self.compositions)

    def plan(self) -> dict[str, Any]:
        """Everything that determines the results, JSON-ready. Raises RefusedMergeError."""
        return self._plan

    def compute(
        self,
        folder: Path | None,
        watcher: Watcher,
        processes: Processes,
        failed: Failed,
        helpers: Helpers | None = None,
    ) -> dict[str, xr.Dataset]:
        """Return the Dataset of each problem, from those of the parts. Raises RefusedMergeError and ResultsError."""
        runs = MergedRuns(self.layout, folder)
        self.repeated.append(runs.repeated)
        return {
            problem: assemble_dataset(
                [self._make_result(problem, optimizer, runs) for optimizer in self.layout.optimizers], folder
            )
            for problem in self.layout.problems
        }

    def _make_result(self, problem: str, optimizer: str, runs: MergedRuns) -> TaskResult:
        task = next(
            task for task in self._plan["tasks"] if (task["problem"], task["optimizer"]) == (problem, optimizer)
        )
        known = _KnownTask(
            self.by_name[problem],
            optimizer,
            self._find_family(optimizer),
            lambda: None,
            self.layout.columns(problem, optimizer),
            self.layout.seeds,
            task["steps"],
            notes=merge_notes(self.layout),
            dimension="rate" if self.kind == "race" else "point",
            curve_points=task.get("curve_points"),
            text=self._compose(problem, optimizer),
            group=find_merged_group(self.layout, problem, optimizer),
        )
        run, compilation = runs.seconds[problem, optimizer]
        return TaskResult(known, runs.curves(problem, optimizer), compilation, run)

    def _compose(self, problem: str, optimizer: str) -> str:
        """Return the text of an optimizer at the middle point of all."""
        middle = self.layout.point_count // 2
        slots = [slot for slot in self.layout.slots if (slot.problem, slot.optimizer) == (problem, optimizer)]
        (slot,) = [slot for slot in slots if middle in slot.structure.points]
        point = int(np.flatnonzero(slot.structure.points == middle)[0])
        return self.compositions.find(slot, self.by_name[problem], point)

    def _find_family(self, optimizer: str) -> str:
        """Return the family of an optimizer, as a part names it."""
        for part in self.layout.parts:
            for dataset in part.datasets.values():
                if optimizer in dataset.optimizer.values.tolist():
                    return str(dataset.family.sel(optimizer=optimizer).item())
        return ""
