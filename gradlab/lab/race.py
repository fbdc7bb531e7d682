"""The race: every entrant over its grid of rates on every problem, one compiled program each."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from .entrants import Entrant
from .problems.base import Problem
from .sweep import Curves, Draws, compile_sweep, draw, stack


@dataclass(frozen=True)
class Plan:
    """What is to be raced: `rates` learning rates for each entrant and problem, each from every one of `seeds`.

    `steps` overrides the number of updates that each problem proposes. Raises ValueError for numbers below one, and
    for no problems or entrants.
    """

    problems: tuple[Problem, ...]
    entrants: tuple[Entrant, ...]
    rates: int = 13
    seeds: int = 8
    steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("rates", "seeds", "steps"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1, got {number}")
        if not self.problems or not self.entrants:
            raise ValueError("a race needs at least one problem and one optimizer")

    def steps_of(self, problem: Problem) -> int:
        """The number of updates of a run on a problem."""
        return problem.steps if self.steps is None else self.steps

    @property
    def runs_per_lap(self) -> int:
        """The training runs of one entrant on one problem."""
        return self.rates * self.seeds

    @property
    def runs(self) -> int:
        """All training runs."""
        return self.runs_per_lap * len(self.problems) * len(self.entrants)


class Lap(NamedTuple):
    """One entrant's runs on one problem."""

    problem: Problem
    entrant: Entrant
    rates: np.ndarray  # (rate,)
    composition: str  # what the entrant is made of, at the middle rate
    curves: Curves  # NumPy arrays on (rate, seed, ...)
    compile_seconds: float
    run_seconds: float


class _Prepared(NamedTuple):
    problem: Problem
    entrant: Entrant
    rates: np.ndarray
    run: Callable[[], Curves]
    compile_seconds: float


def race(
    plan: Plan, on_start: Callable[[Problem, Entrant], None] = lambda problem, entrant: None
) -> Generator[Lap, None, None]:
    """Run the plan, and yield each lap as it ends; `on_start` is told of each before it runs.

    While a lap runs, the next one is compiled on a second thread. Stopping early (closing the generator, or Ctrl-C)
    loses only the lap in flight.
    """
    queue = [(problem, entrant) for problem in plan.problems for entrant in plan.entrants]
    draws: dict[str, Draws] = {}
    compiler = ThreadPoolExecutor(1, thread_name_prefix="compile")

    def prepare(problem: Problem, entrant: Entrant) -> _Prepared:
        if problem.name not in draws:
            draws[problem.name] = draw(problem, range(plan.seeds), plan.steps_of(problem))
        return _prepare(plan, problem, entrant, draws[problem.name])

    try:
        upcoming: Future[_Prepared] = compiler.submit(prepare, *queue[0])
        for position, (problem, entrant) in enumerate(queue):
            on_start(problem, entrant)
            prepared = upcoming.result()
            if position + 1 < len(queue):
                upcoming = compiler.submit(prepare, *queue[position + 1])
            yield _run(prepared)
    finally:
        compiler.shutdown(wait=False, cancel_futures=True)


def _prepare(plan: Plan, problem: Problem, entrant: Entrant, draws: Draws) -> _Prepared:
    start = time.perf_counter()
    rates = entrant.grid(problem.name, plan.rates)
    optimizers = stack([entrant.make(rate) for rate in rates.tolist()])
    program = compile_sweep(problem, optimizers, draws, plan.steps_of(problem))
    return _Prepared(problem, entrant, rates, lambda: program(optimizers, draws), time.perf_counter() - start)


def _run(prepared: _Prepared) -> Lap:
    start = time.perf_counter()
    curves = jax.tree.map(np.asarray, prepared.run())  # waits for the result
    seconds = time.perf_counter() - start
    rates, entrant = prepared.rates, prepared.entrant
    composition = str(entrant.make(float(rates[len(rates) // 2])))
    return Lap(prepared.problem, entrant, rates, composition, curves, prepared.compile_seconds, seconds)
