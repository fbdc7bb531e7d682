"""The race: every contestant over its grid of rates on every problem, one compiled program each."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.runner import run_tasks
from ..engine.task import Task, TaskResult
from ..formatting import format_float
from ..inputs.argument_checks import is_whole, require_known, require_whole
from ..inputs.contestants import Contestant
from ..problems.base import Problem
from .search_space import values_of
from .size_limits import require_room, require_runs


@dataclass(frozen=True)
class RaceStudy:
    """What is to be raced: `rates` learning rates for each contestant and problem, each from every one of `seeds`.

    `rates` is a number of rates around those that are good for each contestant, or the rates themselves, for all.
    `steps` overrides the number of updates that each problem proposes; `lanes` and `chunk` limit how many runs and
    steps one program computes at a time. Raises ValueError for numbers below one, for no problems or contestants, for
    two of one name, and for what is too large (see `gradlab.lab.studies.size_limits`); TypeError for what is no
    whole number.
    """

    problems: tuple[Problem, ...]
    contestants: tuple[Contestant, ...]
    rates: int | tuple[float, ...] = 13
    seeds: int = 8
    steps: int | None = None
    lanes: int | None = None
    chunk: int | None = None

    def __post_init__(self) -> None:
        if is_whole(self.rates) or np.ndim(self.rates) == 0:
            require_whole("rates", self.rates)
        else:
            rates = tuple(sorted(values_of("rates", self.rates).tolist()))
            if rates[0] <= 0:
                raise ValueError(
                    f"rates must be above zero, for they are compared over decades; got {format_float(rates[0])}"
                )
            least, most = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
            beyond = [format_float(rate) for rate in rates if not least <= rate <= most]
            if beyond:
                raise ValueError(
                    f"rates must lie from {least:.2g} to {most:.2g}, for float32, in which runs compute, takes others "
                    f"for 0 or infinity; got {', '.join(beyond)}"
                )
            object.__setattr__(self, "rates", rates)
        for name in ("seeds", "steps", "lanes", "chunk"):
            if getattr(self, name) is not None or name == "seeds":
                require_whole(name, getattr(self, name))
        require_runs(self.runs_per_task // self.seeds, self.seeds, self.steps)
        if not self.problems or not self.contestants:
            raise ValueError("a race needs at least one problem and one optimizer")
        require_different([problem.name for problem in self.problems], "problem")
        require_different([contestant.name for contestant in self.contestants], "optimizer")
        require_room(self.tasks)

    def steps_of(self, problem: Problem) -> int:
        """The number of updates of a run on a problem."""
        return problem.steps if self.steps is None else self.steps

    @property
    def tasks(self) -> tuple[Task, ...]:
        """One task for each problem and contestant, problem by problem."""
        return tuple(self._task(problem, contestant) for problem in self.problems for contestant in self.contestants)

    @property
    def runs_per_task(self) -> int:
        """The training runs of one contestant on one problem."""
        return self.seeds * (self.rates if isinstance(self.rates, int) else len(self.rates))

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.runs_per_task * len(self.problems) * len(self.contestants)

    def _task(self, problem: Problem, contestant: Contestant) -> Task:
        count = self.rates
        rates = contestant.grid(problem.name, count) if isinstance(count, int) else np.array(count, float)
        return Task(
            problem,
            contestant.name,
            contestant.family,
            contestant,
            {"learning_rate": rates},
            tuple(range(self.seeds)),
            self.steps_of(problem),
            self.lanes,
            self.chunk,
        )


def race(plan: RaceStudy, **options: Any) -> Generator[TaskResult, None, None]:
    """Run the plan, and yield each task as it ends; the options are those of `gradlab.lab.engine.runner.run_tasks`."""
    if not isinstance(plan, RaceStudy):
        raise TypeError(
            f"race takes a Plan of problems and contestants, got {type(plan).__name__}: {plan!r}; "
            f"an optimizer on one problem is swept: gradlab.lab.studies.sweep.sweep"
        )
    require_known("race", options, ("store", "watcher", "processes", "compiler"))
    return run_tasks(plan.tasks, **options)


def require_different(names: list[str], kind: str) -> None:
    """Raise ValueError if two things have one name, under which both would be kept."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two {kind}s are named {', '.join(twice)}; give one of them another name")
