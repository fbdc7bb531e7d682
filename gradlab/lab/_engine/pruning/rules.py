"""Rules that say which points of a task stop early: successive halving, Hyperband, and stopping at the median.

A run has equal parts. At its rungs, the ends of some parts, all points that are still running have a score. The rule
says which of them go on. All of them reach a rung together, so a decision does not depend on the order of the points,
except between equal scores, of which the first one counts as better.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ..._inputs.argument_checks import require_whole_number

MOST_PARTS = 1000
_GOLDEN = (5**0.5 - 1) / 2


class Rule(Protocol):
    """A rule as a value. Its `repr` is in the plan of a study."""

    @property
    def parts(self) -> int:
        """The number of equal parts of a run."""
        ...

    @property
    def ends(self) -> tuple[int, ...]:
        """The parts after which points are compared, in ascending order."""
        ...

    def select(self, rung: int, badness: np.ndarray, running: np.ndarray) -> np.ndarray:
        """Return which points go on after a rung, as booleans on (point,).

        `badness` on (point,) is lower for better points, and infinite for one that diverged, which never goes on.
        `running` says which points have reached the rung.
        """
        ...


@dataclass(frozen=True)
class SuccessiveHalving:
    """At each rung, only the best of the running points go on: their number divided by `factor`, and at least one.

    A rung is a number of updates, at which the points are compared. There are `rungs` of them. The last one is at the
    share 1 / `factor` of the updates, and each earlier one at 1 / `factor` of the next: for a factor of 3, two rungs
    are at a ninth and at a third. Raises TypeError and ValueError for numbers that are not whole, or too small. Source:
    Jamieson & Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter optimization".

    >>> gl.lab.SuccessiveHalving(factor=3)
    SuccessiveHalving(factor=3, rungs=2)
    """

    factor: int = 2
    rungs: int = 2

    def __post_init__(self) -> None:
        _check(self.factor, self.rungs)

    @property
    def parts(self) -> int:
        """The number of equal parts of a run."""
        return self.factor**self.rungs

    @property
    def ends(self) -> tuple[int, ...]:
        """The parts after which points are compared."""
        return tuple(self.factor**rung for rung in range(self.rungs))

    def select(self, rung: int, badness: np.ndarray, running: np.ndarray) -> np.ndarray:
        """Return which points go on after a rung; see `Rule`."""
        return _keep_best(badness, running, max(1, int(running.sum()) // self.factor))


@dataclass(frozen=True)
class Hyperband:
    """Successive halving in several brackets, each of which has one rung less at the start than the one before.

    A point that learns slowly is stopped at the first rung in the first bracket, and not in the others; no point of the
    last bracket is stopped. Each point belongs to one bracket. `factor` and `rungs` are those of the first bracket. The
    brackets share the points as Hyperband shares them, and spread over their order. Raises TypeError and ValueError for
    numbers that are not whole, or too small. Source: Li et al. (2018), "Hyperband: a novel bandit-based approach to
    hyperparameter optimization".

    >>> gl.lab.Hyperband(factor=3, rungs=2)
    Hyperband(factor=3, rungs=2)
    """

    factor: int = 3
    rungs: int = 2

    def __post_init__(self) -> None:
        _check(self.factor, self.rungs)

    @cached_property
    def _halving(self) -> SuccessiveHalving:
        return SuccessiveHalving(self.factor, self.rungs)

    @property
    def parts(self) -> int:
        """The number of equal parts of a run."""
        return self._halving.parts

    @property
    def ends(self) -> tuple[int, ...]:
        """The parts after which points are compared."""
        return self._halving.ends

    def select(self, rung: int, badness: np.ndarray, running: np.ndarray) -> np.ndarray:
        """Return which points go on after a rung; see `Rule`."""
        brackets = self.assign_brackets(len(running))
        goes_on = running & (brackets > rung) & np.isfinite(badness)
        for bracket in range(rung + 1):
            mine = running & (brackets == bracket)
            if mine.any():
                goes_on |= self._halving.select(rung, badness, mine)
        return goes_on

    def assign_brackets(self, points: int) -> np.ndarray:
        """Return the bracket of each of so many points."""
        last = self.rungs
        # Bracket b of Hyperband begins with this many points, because each bracket has the same updates to spend.
        sizes = [-(-(last + 1) * self.factor ** (last - b) // (last - b + 1)) for b in range(last + 1)]
        places = np.arange(points) * _GOLDEN % 1  # of a low-discrepancy sequence, so that neighbors are spread
        return np.searchsorted(np.cumsum(sizes)[:-1] / sum(sizes), places, side="right")


@dataclass(frozen=True)
class MedianStopping:
    """At each rung, the points that are no worse than the median of the running ones go on.

    There are `rungs` of them: the last one after half of the updates, each one before after half as many. Raises
    TypeError and ValueError for a number that is not whole, or too small. Source: Golovin et al. (2017), "Google
    Vizier", which compares points that come one after the other; here they run side by side.

    >>> gl.lab.MedianStopping(rungs=3)
    MedianStopping(rungs=3)
    """

    rungs: int = 3

    def __post_init__(self) -> None:
        _check(2, self.rungs)

    @property
    def parts(self) -> int:
        """The number of equal parts of a run."""
        return 2**self.rungs

    @property
    def ends(self) -> tuple[int, ...]:
        """The parts after which points are compared."""
        return tuple(2**rung for rung in range(self.rungs))

    def select(self, rung: int, badness: np.ndarray, running: np.ndarray) -> np.ndarray:
        """Return which points go on after a rung; see `Rule`."""
        # The median lies between the two middle ones of an even number, so that the better half goes on.
        return _keep_best(badness, running, (int(running.sum()) + 1) // 2)


def _keep_best(badness: np.ndarray, running: np.ndarray, count: int) -> np.ndarray:
    """Return the best of the running points as booleans, at most so many, and none that diverged."""
    order = np.argsort(np.where(running, badness, np.inf), kind="stable")[:count]
    goes_on = np.zeros(len(running), bool)
    goes_on[order] = True
    return goes_on & running & np.isfinite(badness)


def _check(factor: int, rungs: int) -> None:
    require_whole_number("factor", factor, least=2)
    require_whole_number("rungs", rungs)
    if factor**rungs > MOST_PARTS:
        raise ValueError(
            f"factor {factor} and {rungs} rungs make {factor**rungs:,} parts of a run, and {MOST_PARTS:,} are the "
            f"most; take fewer rungs"
        )


def expect_counts(rule: Rule, points: int) -> list[int]:
    """Return how many of so many points run between the rungs, if none diverges: one number more than rungs."""
    running = np.ones(points, bool)
    counts = [points]
    for rung in range(len(rule.ends)):
        running = rule.select(rung, np.arange(points, dtype=float), running)
        counts.append(int(running.sum()))
    return counts
