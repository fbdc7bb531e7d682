"""The hypergradients of a search: which points the next round tries, given the scores so far."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..._engine.task import Task
from ..search_space.structured_tasks import divide
from ..search_space.structures import Space
from .proposals import BEST, propose, varied_names
from .slopes import Slopes


class Guide:
    """A source of points along the hypergradients of the best points so far, for half of a round."""

    def __init__(self, space: Space, task: Task, seeds: Sequence[int]):
        self._space, self._slopes = space, Slopes(task, seeds)

    def propose(self, task: Task, losses: np.ndarray, count: int) -> list[dict[str, float]]:
        """Return points for a round of `count`, at most half of it, those nearest to the best ones first.

        `task` has all points so far, and `losses` their scores, of which the lowest is the best and NaN the worst.
        """
        best = np.argsort(losses, kind="stable")[:BEST]
        lines = [self._draw_line(task, at) for at in best if np.isfinite(losses[at])]
        nearest_first = (point for points in itertools.zip_longest(*lines) for point in points if point is not None)
        return list(itertools.islice(nearest_first, count // 2))

    def _draw_line(self, task: Task, at: int) -> list[dict[str, float]]:
        columns = {name: values[[at]] for name, values in task.points.items()}
        point: Mapping[str, float] = {name: float(values[0]) for name, values in columns.items()}
        names = varied_names(self._space, point)
        (own,) = divide(replace(task, points=columns), self._space.structures(columns))
        return propose(self._space, point, dict(zip(names, self._slopes.at(own, 0, names).tolist())))
