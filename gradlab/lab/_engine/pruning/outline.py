"""The outline of the work of a pruned task, from which its blocks and chunks follow."""

from __future__ import annotations

from typing import NamedTuple


class Outline(NamedTuple):
    """The runs of a study of which some stop early: how long they are expected to be."""

    parts: int  # equal parts of a run
    rungs: tuple[int, ...]  # the parts after which some points stop
    stages: tuple[tuple[int, int, int], ...]  # (points, seeds, parts): so many points are trained for so many parts
