"""The measurements of one recipe over all problems: the numbers that its sentences say."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._results.step_costs import count_state_bytes
from gradlab.lab.analysis.statistics.critical_differences import find_critical_difference

from .backgrounds import LAYER
from .measurements import Measured, read

CONFIDENCE = 0.95


class Standing(NamedTuple):
    """The place of an optimizer among all of them on some problems, by its mean rank."""

    place: int  # 1 is the best
    mean_rank: float
    problems: int


class Comparison(NamedTuple):
    """The problems on which an optimizer is clearly better or worse than another one, and on which they are equal."""

    better: list[str]
    worse: list[str]
    equal: list[str]


class Rates(NamedTuple):
    """The learning rates of an optimizer."""

    width: float  # of the range of good rates in decades, averaged over the problems that are not in `low`
    narrower: int  # the number of others whose average is less
    with_data: tuple[float, float]  # the lowest and the highest of the best rates on problems with data
    without: tuple[float, float]  # and on the others
    good: np.ndarray  # (rate,), the number of problems on which each rate is good
    at_edge: list[str]  # the problems on which the best rate is the lowest or the highest of the grid
    low: list[str]  # the problems on which the lowest rate is good, so that no width is known


class Divergence(NamedTuple):
    """Where the runs of an optimizer diverge: the problems by name."""

    everywhere: list[str]  # at every rate
    beyond: list[str]  # from the next rate above the best one on, if only from one seed
    nowhere: list[str]  # at no rate


def place_of(name: str, problems: Collection[str] | None = None) -> Standing:
    """Return the place of an optimizer by its mean rank over some problems, or over all."""
    chosen = [measured for problem, measured in read().items() if problems is None or problem in problems]
    means = np.mean([measured.ranks for measured in chosen], 0).round(9)
    own = means[chosen[0].names.index(name)]
    return Standing(int((means < own).sum()) + 1, float(own), len(chosen))


def ranks_of(name: str) -> dict[str, float]:
    """Return the rank of an optimizer on each problem, problems with data first."""
    return {problem: float(measured.ranks[measured.names.index(name)]) for problem, measured in _data_first().items()}


def compare(name: str, other: str) -> Comparison:
    """Return where an optimizer is clearly better or worse than another one from the same seeds."""
    found = Comparison([], [], [])
    for problem, measured in _data_first().items():
        gap = measured.compare(name, other)
        if gap.low > 0:
            found.better.append(problem)
        elif gap.high < 0:
            found.worse.append(problem)
        elif gap.low == gap.high:
            found.equal.append(problem)
    return found


def rates_of(name: str, problems: Collection[str] | None = None) -> Rates:
    """Return what was measured about the learning rates of an optimizer on some problems, or on all."""
    all_measured = [one for problem, one in _data_first().items() if problems is None or problem in problems]
    known = np.array([np.where(measured.good[:, 0], np.nan, measured.widths) for measured in all_measured])
    widths = np.nansum(known, 0) / np.isfinite(known).sum(0).clip(1)
    at = next(iter(all_measured)).names.index(name)
    best: dict[bool, list[float]] = {True: [], False: []}
    for measured in all_measured:
        if measured.best[at] >= 0:
            best[measured.with_data].append(float(measured.rates[measured.best[at]]))
    good = np.sum([measured.good[at] for measured in all_measured], 0)
    ends = {key: (min(values), max(values)) for key, values in best.items()}
    edge = [one.problem for one in all_measured if one.best[at] in (0, len(one.rates) - 1)]
    low = [problem for problem in list_low(name) if problems is None or problem in problems]
    return Rates(float(widths[at]), int((widths < widths[at]).sum()), ends[True], ends[False], good, edge, low)


def list_low(name: str) -> list[str]:
    """Return the problems on which even the lowest rate of an optimizer is good; none for what races have not."""
    return [
        problem
        for problem, measured in _data_first().items()
        if name in measured.names and measured.good[measured.names.index(name), 0]
    ]


def divergence_of(name: str) -> Divergence:
    """Return where the runs of an optimizer diverge."""
    found = Divergence([], [], [])
    for problem, measured in _data_first().items():
        at = measured.names.index(name)
        best, shares = int(measured.best[at]), measured.diverged[at]
        if best < 0:
            found.everywhere.append(problem)
        elif best + 1 < len(shares) and shares[best + 1] > 0:
            found.beyond.append(problem)
        if not shares.any():
            found.nowhere.append(problem)
    return found


@functools.cache
def critical_difference() -> float:
    """Return the distance from which on two mean ranks over all problems differ by more than chance (Nemenyi)."""
    some = next(iter(read().values()))
    return find_critical_difference(len(some.names), len(read()), 1 - CONFIDENCE)


@functools.cache
def state_sizes() -> dict[str, float]:
    """Return the bytes of state for each parameter of `LAYER`, in float32, of every optimizer of the baselines."""
    contestants = collect_contestants()
    sizes = {name: count_state_bytes(contestants[name](0.01), LAYER) for name in next(iter(read().values())).names}
    return {name: float(f"{size:.3g}") for name, size in sizes.items()}


def _data_first() -> dict[str, Measured]:
    return dict(sorted(read().items(), key=lambda item: not item[1].with_data))
