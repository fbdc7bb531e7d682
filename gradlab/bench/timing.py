"""Times of contestants that take turns, in an order that is shuffled in each round: medians with quartiles."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

LEAST_ROUNDS, MOST_ROUNDS = 5, 101
LEAST_SECONDS = 0.01  # in one turn, which is long beside the resolution of the clock


class Contestant(Protocol):
    """A way to make steps, whose time can be measured."""

    def run(self, calls: int) -> float:
        """Make some calls, and return the seconds that all of them take.

        One comes before that is not timed: the first call of a turn takes milliseconds more where threads sleep.
        """


class Repeated:
    """A function of JAX whose results are its first arguments the next time."""

    def __init__(self, function: Callable[..., tuple[Any, ...]], first: tuple[Any, ...], rest: tuple[Any, ...]):
        self._function, self.first, self._rest = function, first, rest

    def run(self, calls: int) -> float:
        """Make a call that is not timed, then `calls` of them one after another; return the seconds until the last."""
        function, rest = self._function, self._rest
        first = jax.block_until_ready(function(*self.first, *rest))
        begin = time.perf_counter()
        for _ in range(calls):
            first = function(*first, *rest)
        jax.block_until_ready(first)
        seconds = time.perf_counter() - begin
        self.first = first
        return seconds


class Timing(NamedTuple):
    """The seconds of a call, over rounds."""

    median: float
    low: float  # the first quartile
    high: float  # the third quartile
    rounds: int
    calls: int  # in each round
    samples: tuple[float, ...] = ()  # of each round


def summarize(seconds: Sequence[float], calls: int = 1) -> Timing:
    """Return the median and the quartiles of the seconds of a call."""
    low, median, high = np.percentile(seconds, [25, 50, 75]).tolist()
    return Timing(median, low, high, len(seconds), calls, tuple(seconds))


def compare(first: Timing, second: Timing, scale: float = 1.0) -> Timing:
    """Return the quotient of two times, `scale` times, over the rounds that both were measured in.

    The speed of a shared machine changes by a factor of four within minutes, and much less within a round.
    """
    return summarize([scale * one / other for one, other in zip(first.samples, second.samples, strict=True)])


def measure(contestants: Mapping[str, Contestant], seconds: float, seed: int = 0) -> dict[str, Timing]:
    """Let contestants take turns for about `seconds` each, in at least five rounds, and return the time of a call.

    The contestants are warmed up first. The order is shuffled in each round, so that none profits from what another
    leaves in the caches, and a change of the machine's speed falls on all of them.
    """
    order = random.Random(seed)
    calls = {name: _count_calls(contestant) for name, contestant in contestants.items()}
    found: dict[str, list[float]] = {name: [] for name in contestants}
    spent, longest = dict.fromkeys(contestants, 0.0), 0.0
    while len(found[next(iter(found))]) < LEAST_ROUNDS or (
        longest < seconds and len(found[next(iter(found))]) < MOST_ROUNDS
    ):
        names = list(contestants)
        order.shuffle(names)
        for name in names:
            took = contestants[name].run(calls[name])
            found[name].append(took / calls[name])
            spent[name] += took
        longest = sum(spent.values()) / len(spent)
    return {name: summarize(times, calls[name]) for name, times in found.items()}


def _count_calls(contestant: Contestant) -> int:
    """Warm a contestant up, and return how many calls take `LEAST_SECONDS`."""
    contestant.run(1)  # the first call may compile, or touch memory for the first time
    calls, took = 1, contestant.run(1)
    while took < LEAST_SECONDS / 4:
        calls *= 4
        took = contestant.run(calls)
    return max(1, round(calls * LEAST_SECONDS / took)) if took < LEAST_SECONDS else calls
