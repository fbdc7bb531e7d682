"""Contestants take turns, and their times are summarized."""

from __future__ import annotations

import pytest

from gradlab.bench import timing
from gradlab.bench.timing import Timing, compare, measure, summarize


class Fake:
    """A contestant whose calls take a number of seconds by its own clock, and who writes down its turns."""

    def __init__(self, name: str, seconds: float, turns: list[str]):
        self.name, self.seconds, self.turns = name, seconds, turns

    def run(self, calls: int) -> float:
        self.turns.append(self.name)
        return self.seconds * calls


def test_turns_are_shuffled_and_calls_are_many_for_short_ones() -> None:
    turns: list[str] = []
    found = measure({name: Fake(name, seconds, turns) for name, seconds in (("a", 1e-5), ("b", 0.01))}, 0.1)
    assert found["a"].median == pytest.approx(1e-5)
    assert (found["a"].calls, found["b"].calls) == (1000, 1)
    rounds = found["a"].rounds
    assert timing.LEAST_ROUNDS <= rounds == found["b"].rounds <= timing.MOST_ROUNDS
    assert sum(found["b"].samples) == pytest.approx(0.01 * rounds)
    pairs = {tuple(turns[-2 * (index + 1) :][:2]) for index in range(rounds)}
    assert pairs == {("a", "b"), ("b", "a")}


def test_long_ones_get_few_rounds() -> None:
    found = measure({"a": Fake("a", 1.0, []), "b": Fake("b", 2.0, [])}, 0.1)
    assert found["a"].rounds == timing.LEAST_ROUNDS


def test_a_summary_has_the_median_and_the_quartiles() -> None:
    assert summarize([4.0, 1.0, 2.0, 3.0, 5.0], 7)[:5] == (3.0, 2.0, 4.0, 5, 7)


def test_a_ratio_is_taken_within_rounds() -> None:
    first, second = summarize([1.0, 10.0, 2.0]), summarize([2.0, 20.0, 4.0])
    found: Timing = compare(first, second, scale=3.0)
    assert found[:3] == (1.5, 1.5, 1.5)
