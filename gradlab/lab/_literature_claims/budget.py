"""How much an experiment may train: at full size, or briefly, to see whether it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from .._engine.task import Task, Watcher
from .._results.results_file import write
from .._studies.race import race
from .._studies.search_space import Axis, Log
from .._studies.sweep import sweep

Optimizers = Sequence[str] | Mapping[str, Callable[..., Any]]
BRIEF_SEEDS = 8
BRIEF_SHARE = 3  # of the learning rates of a grid, one in so many


@dataclass
class Budget:
    """The size of an experiment, who is told what runs, and the folder for the results of its studies, if any."""

    is_brief: bool = False
    on_task: Callable[[str], None] = lambda text: None
    out: Path | None = None
    runs: int = field(default=0, init=False)  # that were made

    def rates(self, low: float, high: float, count: int) -> Axis:
        """Return a grid of learning rates, with fewer of them if it is brief."""
        return Log(low, high, max(5, count // BRIEF_SHARE) if self.is_brief else count)

    def seeds(self, count: int) -> int:
        """Return a number of seeds: at most eight if it is brief."""
        return min(count, BRIEF_SEEDS) if self.is_brief else count

    def choose(self, full: Sequence[Any], brief: int) -> list[Any]:
        """Return a list, or its first items only if it is brief."""
        return list(full[:brief] if self.is_brief else full)

    def race(
        self, problem: Any, optimizers: Optimizers, rates: Axis, seeds: int = 20, steps: int | None = None
    ) -> xr.Dataset:
        """Race optimizers on one problem; the seeds are those of the size."""
        results = race(problem, optimizers, rates, self.seeds(seeds), steps=steps, watcher=_Announcer(self.on_task))
        return self._keep(results)

    def sweep(self, problem: Any, optimizers: Any, axes: Mapping[str, Any], seeds: int = 20) -> xr.Dataset:
        """Sweep hyperparameters of optimizers on one problem; the seeds are those of the size."""
        results = sweep(problem, optimizers, axes, self.seeds(seeds), curve_points=20, watcher=_Announcer(self.on_task))
        return self._keep(results)

    def _keep(self, results: xr.DataTree) -> xr.Dataset:
        """Count the runs of a study, write its results to a folder of its own, and return its Dataset."""
        dataset = results.gradlab.dataset()
        self.runs += dataset.diverged.size
        if self.out is not None:
            number = 1 + len([*self.out.glob("study_*")])
            folder = self.out / f"study_{number:02d}_{dataset.attrs['problem']}"
            folder.mkdir(parents=True)
            write(
                folder / "results.nc",
                {dataset.attrs["problem"]: dataset},
                {str(key): value for key, value in results.attrs.items()},
            )
        return dataset


class _Announcer(Watcher):
    """Says which optimizer is trained on which problem."""

    def __init__(self, on_task: Callable[[str], None]):
        self._on_task = on_task

    def on_start(self, task: Task) -> None:
        self._on_task(f"{task.problem.name}: {task.name}")
