"""The race: every contestant over its grid of learning rates on every problem, one compiled program each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from gradlab import Transformation

from ...remedies.argument_names import suggest_arguments
from .._engine.task import Task, Watcher
from .._exports.live.live_log import LogFunction
from .._formatting import format_float
from .._inputs.argument_checks import is_whole_number, require_whole_number
from .._inputs.default_contestants import Contestant
from .._inputs.factory_adapter import find_default_lengths
from .._inputs.user_code_detection import is_user_code
from .._inputs.user_errors import UserCodeError
from ..problems.base import Problem
from .pruning.prune_argument import Prune, as_rule, with_pruning
from .run_study import describe_call, run_study
from .search_space import Axis
from .search_space.axes import values_of
from .seeds import Seeds, as_seeds
from .size_limits import require_room, require_runs
from .study import TaskStudy
from .study_arguments import DEFAULT_PROBLEMS, contestants_by_name, problems_by_name, require_different


@dataclass(frozen=True)
class RaceStudy(TaskStudy):
    """A race: `rates` learning rates for each contestant and problem, each from every one of `seeds`.

    `rates` is a number of learning rates around those that are good for each contestant, or the learning rates
    themselves, for all. `steps` overrides the number of updates that each problem proposes; `lanes` and `chunk` limit
    how many runs and steps one program computes at a time. `prune` is the rule by which runs stop early.
    Raises ValueError for numbers below one, for no problems or contestants, for two of one name, for runs that are too
    short to be pruned, and for what is too large (see `gradlab.lab._studies.size_limits`); TypeError for
    values that are not whole numbers.
    """

    problems: tuple[Problem, ...]
    contestants: tuple[Contestant, ...]
    rates: int | tuple[float, ...] = 13
    seeds: Any = 10  # a number of them, or those that are given (see `as_seeds`); then a tuple
    steps: int | None = None
    lanes: int | None = None
    chunk: int | None = None
    prune: Prune = None
    kind: ClassVar[str] = "race"

    def __post_init__(self) -> None:
        if is_whole_number(self.rates) or np.ndim(self.rates) == 0:
            require_whole_number("rates", self.rates)
        else:
            object.__setattr__(self, "rates", _check_rates(self.rates))
        for name in ("steps", "lanes", "chunk"):
            if getattr(self, name) is not None:
                require_whole_number(name, getattr(self, name))
        object.__setattr__(self, "seeds", as_seeds(self.seeds))
        object.__setattr__(self, "prune", as_rule(self.prune))
        require_runs(self.runs_per_task // len(self.seeds), len(self.seeds), self.steps)
        if not self.problems or not self.contestants:
            raise ValueError("a race needs at least one problem and one optimizer")
        require_different([problem.name for problem in self.problems], "problem")
        require_different([contestant.name for contestant in self.contestants], "optimizer")
        require_room(self.tasks)

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """One task for each problem and contestant, problem by problem."""
        tasks = [self._task(problem, contestant) for problem in self.problems for contestant in self.contestants]
        return with_pruning(tasks, as_rule(self.prune))

    @property
    def runs_per_task(self) -> int:
        """The training runs of one contestant on one problem."""
        return len(self.seeds) * (self.rates if isinstance(self.rates, int) else len(self.rates))

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.runs_per_task * len(self.problems) * len(self.contestants)

    @property
    def warnings(self) -> list[str]:
        """Possible mistakes in the optimizers, a sentence each."""
        return [*_describe_other_lengths(self.tasks), *_describe_equal_optimizers(self.tasks)]

    def _task(self, problem: Problem, contestant: Contestant) -> Task:
        count = self.rates
        known = getattr(problem, "renamed_from", problem.name)
        rates = contestant.choose_rates(known, count) if isinstance(count, int) else np.array(count, float)
        return Task(
            problem,
            contestant.name,
            contestant.family,
            contestant,
            {"learning_rate": rates},
            self.seeds,
            problem.steps if self.steps is None else self.steps,
            self.lanes,
            self.chunk,
        )


@suggest_arguments
def race(
    problems: Any = DEFAULT_PROBLEMS,
    optimizers: str | Callable[..., Any] | Sequence[Any] | Mapping[str, Any] | None = None,
    rates: int | Axis | str | None = None,
    seeds: Seeds | None = None,
    *,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
    prune: Prune = None,
    against: Path | str | None = None,
    out: Path | str | None = None,
    fresh: bool = False,
    on: Any = None,
    watcher: Watcher | None = None,
    log: LogFunction | str | None = None,
) -> xr.DataTree:
    """Race optimizers over a grid of learning rates, from several seeds, on each problem.

        results = gl.lab.race(["digits", "ravine"], ["adam", "sgd"])
        results.gradlab.leaderboard("digits")

    `problems` and `optimizers` are names, `"package.module:name"`, values (see `Problem`) and factories of a learning
    rate, one of them or a list; `optimizers` may also be a dictionary by label. All optimizers of gradlab race if there
    are none. `rates` is the number of learning rates for each optimizer, over three decades (13 by default), or the
    learning rates for all of them: a list, a `Log` range with a count, or text such as "log:1e-4:1:9". Half of the
    `seeds` (10 by default) choose the best learning rate, and the others report on it; they are so many from 0 on, or
    those of a range or a list, such as `range(5, 10)`. `steps` overrides the number of updates that a problem proposes.
    `lanes` limits how many runs, and `chunk` how many steps, one program computes at a time. With `prune`, learning
    rates of an optimizer that are worse than others on the choosing seeds stop early: "halving", "hyperband" or
    "median", or a rule such as `gl.lab.SuccessiveHalving(factor=3)`. The reporting seeds run at those that came to the
    end.

    With `against="baselines"`, only the `optimizers` are trained, over the rates and seeds of gradlab's baselines, and
    the results have those too: all recipes, tuned before. For other baselines, pass the folder that `gradlab baselines`
    wrote.

    Returns a DataTree with a node for each problem, on (optimizer, rate, seed, step or evaluation), and the accessor
    `.gradlab` (see `gradlab.lab.ResultsAccessor`). With a folder `out`, results, tables, pictures and a report are
    written there; checkpoints are kept as the race goes on, and the same call resumes it, unless `fresh` discards them.
    An optimizer that fails is left out of the results, with a warning. A `watcher` is told how the study proceeds (see
    `gradlab.lab.Watcher`). `on` is a cluster whose workers compute: the address of a Dask scheduler, such as
    `"dask://HOST:PORT"`, or a `distributed.Client`; the results are the same. `log` is a function that is called with
    each `FinishedChunk` while the race goes on, or "tensorboard:DIR", which writes event files for TensorBoard (extra
    `tensorboard`). Chunks that the folder holds come first. A log that raises an error is not called again, with a
    warning at the end.

    Raises ValueError or TypeError for what cannot be raced, UserCodeError if all optimizers fail, FolderError for a
    folder that cannot be used and baselines that do not fit, and RuntimeError if no scheduler answers at the address in
    `on`.

    >>> results = gl.lab.race("ravine", ["sgd", "adam"], rates=3, seeds=2, steps=12)
    >>> dict(results["ravine"].loss.sizes)
    {'optimizer': 2, 'rate': 3, 'seed': 2, 'step': 12}
    """
    if against is None:
        rates, seeds = 13 if rates is None else rates, 10 if seeds is None else seeds
    command = describe_call("race", locals())
    study = make_race(problems, optimizers, rates, seeds, steps, lanes, chunk, prune, against)
    check_tasks(study.tasks, watcher)
    return run_study(study, command, out, fresh, watcher, on, log)


def make_race(
    problems: Any,
    optimizers: Any,
    rates: int | Axis | str | None,
    seeds: Seeds | None,
    steps: int | None = None,
    lanes: int | None = None,
    chunk: int | None = None,
    prune: Prune = None,
    against: Path | str | None = None,
    label: str = "rates",
) -> RaceStudy:
    """Return the study of the arguments of `race`. Messages call the learning rates `label`."""
    chosen = problems_by_name(problems)
    own_rates = None if rates is None else parse_rates(rates, label)
    if against is None:
        contestants = contestants_by_name(optimizers)
        grid = 13 if own_rates is None else own_rates, 10 if seeds is None else seeds
        return RaceStudy(chosen, contestants, *grid, steps, lanes, chunk, prune)
    from .baselines.race_against import make_race_against

    if optimizers is None:
        raise ValueError(
            "against compares optimizers of yours with the baselines, and none is given; pass it: --optimizer "
            "package.module:factory (optimizers=)"
        )
    if prune is not None:
        raise ValueError("prune stops runs that baselines went through with; leave out prune or against")
    return make_race_against(against, chosen, contestants_by_name(optimizers), own_rates, seeds, steps, lanes, chunk)


def parse_rates(rates: int | Axis | str, label: str = "rates") -> int | tuple[float, ...]:
    """Return a number of learning rates, or the learning rates, also from text. Raises SearchSpaceError."""
    if is_whole_number(rates) or (isinstance(rates, str) and re.fullmatch(r"-?[0-9]+", rates)):
        return int(rates)  # type: ignore[arg-type]
    return tuple(values_of(label, rates).tolist())


def check_tasks(tasks: Sequence[Task], watcher: Watcher | None = None) -> None:
    """Make the optimizers of all tasks, and raise the ValueError of the first one that refuses its learning rate."""
    for task in tasks:
        task.check(watcher or Watcher())


def _check_rates(rates: Any) -> tuple[float, ...]:
    """Return learning rates in ascending order. Raises ValueError for those that float32 or a logarithm cannot have."""
    rates = tuple(sorted(values_of("rates", rates).tolist()))
    if rates[0] <= 0:
        raise ValueError(f"rates must be above zero, for they are compared over decades; got {format_float(rates[0])}")
    least, most = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
    beyond = [format_float(rate) for rate in rates if not least <= rate <= most]
    if beyond:
        raise ValueError(
            f"rates must lie from {least:.2g} to {most:.2g}, for float32, in which runs compute, takes others "
            f"for 0 or infinity; got {', '.join(beyond)}"
        )
    return rates


def _describe_other_lengths(tasks: Sequence[Task]) -> list[str]:
    """Return a sentence for each optimizer whose default number of steps is not that of its runs.

    A race gives the learning rate alone, so a schedule of 300 steps is at its end for most of a run of 1000.
    """
    problems: dict[tuple[str, str, float, int], list[str]] = {}
    for task in tasks:
        own = getattr(getattr(task.factory, "make", None), "factory", None)  # of the user
        for name, default in find_default_lengths(own).items():
            if default != task.steps:
                problems.setdefault((task.name, name, default, task.steps), []).append(task.problem.name)
    return [
        f"{optimizer} has {name}={default:g}, but a run on {', '.join(found)} has {steps} updates. If {name} is the "
        f"length of a schedule, write {name}={steps} behind its name, as in --optimizer "
        f"my_module:my_optimizer:{name}={steps}, or race over --steps {default:g} (steps=)"
        for (optimizer, name, default, steps), found in problems.items()
    ]


def _describe_equal_optimizers(tasks: Sequence[Task]) -> list[str]:
    """Return a sentence for each factory of the user that composes the same transformation at all learning rates."""
    names = dict.fromkeys(task.name for task in tasks if is_user_code(task.factory) and _is_equal_at_ends(task))
    return [
        f"{name} is the same at all learning rates, because it does not use its learning rate; multiply the step by "
        "it, in a chain of gradlab by the link gl.scale_by_learning_rate(learning_rate)"
        for name in names
    ]


def _is_equal_at_ends(task: Task) -> bool:
    """Return whether the first and the last point of a task have equal compositions.

    The optimizers themselves are never equal, because the learning rate is one of their arguments.
    """
    try:
        first, last = task.make_optimizer(0), task.make_optimizer(task.point_count - 1)
    except (UserCodeError, ValueError):  # which is reported where the task is checked or runs
        return False
    if task.point_count < 2 or not isinstance(first, Transformation) or not isinstance(last, Transformation):
        return False
    return bool(first.composition == last.composition)
