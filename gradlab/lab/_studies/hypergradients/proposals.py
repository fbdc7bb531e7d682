"""Points along the hypergradients of the best points so far."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..search_space.ranges import Integer, Linear, Log, round_generated
from ..search_space.structures import Space

BEST = 2  # points from which lines start
DISTANCES = (0.02, 0.05, 0.12, 0.3)  # along them, as shares of the ranges


def varied_names(space: Space, point: Mapping[str, float]) -> list[str]:
    """Return the hyperparameters that can be varied at a point: they exist, and have a range, not of whole numbers."""
    return [
        name
        for name, axis in space.numbers.items()
        if isinstance(axis, Linear) and not isinstance(axis, Integer) and not np.isnan(point[name])
    ]


def propose(space: Space, point: Mapping[str, float], slopes: Mapping[str, float]) -> list[dict[str, float]]:
    """Return points on the line down from a point, given how its loss changes with some hyperparameters.

    The line is straight in the shares of the ranges, so in the logarithm of a `Log` range, and its points stay in the
    ranges. Only the direction of the gradient counts, since its size says little far from the point. There are none if
    it is zero or not finite.
    """
    axes = {name: axis for name, axis in space.numbers.items() if name in slopes and isinstance(axis, Linear)}
    down = -np.array([slope * _span(axes[name], point[name]) for name, slope in slopes.items()])
    length = np.linalg.norm(down)
    if not 0 < length < np.inf:
        return []
    start = np.array([_share(axes[name], point[name]) for name in slopes])
    lines = [np.clip(start + distance * down / length, 0, 1) for distance in DISTANCES]
    return [{**point, **{name: _place(axes[name], share) for name, share in zip(slopes, shares)}} for shares in lines]


def _span(axis: Linear, value: float) -> float:
    """Return the derivative of a value of a range by its share."""
    return value * float(np.log(axis.high / axis.low)) if isinstance(axis, Log) else axis.high - axis.low


def _share(axis: Linear, value: float) -> float:
    if isinstance(axis, Log):
        return float(np.log(value / axis.low) / np.log(axis.high / axis.low))
    return (value - axis.low) / (axis.high - axis.low)


def _place(axis: Linear, share: float) -> float:
    return float(round_generated(axis, axis.at(np.array([share])))[0])
