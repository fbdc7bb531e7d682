"""The pruning of a task: its rule, how its points are scored at a rung, and the outline of its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .outline import Outline
from .rules import Rule, expect_counts

if TYPE_CHECKING:
    from ..task import Task
    from ..training_loop import Curves

# (task, curves, updates) -> the badness of each point, from the choosing seeds and the updates until then
Scorer = Callable[["Task", "Curves", int], np.ndarray]


@dataclass(frozen=True)
class Pruning:
    """A rule, and the function that scores points for it. The function follows from the version of gradlab."""

    rule: Rule
    score: Scorer

    def outline(self, points: int, seeds: int) -> Outline:
        """Return how long the runs of a task are expected to be.

        The choosing seeds decide, so they run first, from rung to rung. The reporting seeds run at those points alone
        that reach the end.
        """
        ends, counts = (0, *self.rule.ends, self.rule.parts), expect_counts(self.rule, points)
        choosing = count_choosing(seeds)
        stages = [(count, choosing, after - before) for count, before, after in zip(counts, ends, ends[1:])]
        if seeds > choosing:
            stages.append((counts[-1], seeds - choosing, self.rule.parts))
        return Outline(self.rule.parts, self.rule.ends, tuple(stages))


def count_choosing(seeds: int) -> int:
    """Return how many of the seeds, the first ones, choose the best point. The others report; one alone does both."""
    return seeds // 2 or 1


def check_length(rule: Rule, steps: int, label: str) -> None:
    """Raise ValueError for runs of so few updates that nothing can be compared at the first rung."""
    if steps < 2 * rule.parts:
        raise ValueError(
            f"prune: {steps} updates of {label} are too few for {rule!r}, which divides them into {rule.parts} parts; "
            f"take at least {2 * rule.parts} steps, or fewer rungs"
        )
