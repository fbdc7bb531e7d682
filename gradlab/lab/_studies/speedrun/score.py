r"""The score of a speed run: how many times faster than allowed an optimizer reaches the targets.

$$S = \exp \operatorname{mean}_{p, s} \log \frac{T_p}{\min(t_{ps}, c \, T_p)},$$

the geometric mean over problems $p$ and reporting seeds $s$. A run has $T_p$ updates, and from $t_{ps}$ of
them on every evaluation meets the target, at the learning rate that the other seeds chose. One that does not stay there
until its end counts as $c \, T_p$. So 1 means
at the last update everywhere, and $1 / c$ nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from ...analysis.comparison import steps_to_target
from ...analysis.leaderboard import Row, leaderboard
from .rules import NEVER, TARGETS


class Speed(NamedTuple):
    """The speed of an optimizer on one problem."""

    updates: list[float | None]  # to the target for good, of each reporting seed; None if it was not reached so
    rate: float | None  # the chosen learning rate; None if runs diverged at every rate
    score: float | None  # of the problem, over the reporting seeds; None if there is none
    speed: float  # the geometric mean over the seeds


class Result(NamedTuple):
    """The result of a speed run: the score, its standard error as a factor, and what it comes from."""

    score: float
    error: float
    problems: dict[str, Speed]


def compute_results(datasets: Mapping[str, xr.Dataset]) -> dict[str, Result]:
    """Return the result of each optimizer that ran on all problems of the rules."""
    steps = {name: steps_to_target(datasets[name], TARGETS[name].score, for_good=True) for name in TARGETS}
    rows = {name: {row.optimizer: row for row in leaderboard(datasets[name])} for name in TARGETS}
    names = [str(name) for name in next(iter(steps.values())).optimizer.values]
    shared = [name for name in names if all(name in found for found in rows.values())]
    return {
        name: _combine({problem: _measure(problem, steps[problem], rows[problem][name]) for problem in TARGETS})
        for name in shared
    }


def _measure(problem: str, steps: xr.DataArray, row: Row) -> Speed:
    allowed = TARGETS[problem].steps
    updates = steps.sel(optimizer=row.optimizer).transpose("seed").values
    counted = [float(value) if math.isfinite(value) else None for value in updates.tolist()]
    logs = _take_logarithms(counted, allowed)
    known = [None if math.isnan(value) else float(value) for value in (row.best_rate, row.score)]
    return Speed(counted, known[0], known[1], float(np.exp(logs.mean())))


def _take_logarithms(updates: list[float | None], allowed: int) -> np.ndarray:
    """Return the logarithm of the speed of each seed. A target that the start meets counts as one update."""
    most = NEVER * allowed
    return np.log([allowed / (most if value is None else min(max(value, 1.0), most)) for value in updates])


def _combine(problems: dict[str, Speed]) -> Result:
    logs = np.stack([_take_logarithms(speed.updates, TARGETS[name].steps) for name, speed in problems.items()])
    of_seeds = logs.mean(0)
    error = of_seeds.std(ddof=1) / np.sqrt(len(of_seeds)) if len(of_seeds) > 1 else math.nan
    return Result(float(np.exp(of_seeds.mean())), float(np.exp(error)), problems)
