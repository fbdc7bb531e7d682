"""The corners of a search space: points at the ends of its ranges, for each combination of its choices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from ..size_limits import require_count
from .axes import values_of
from .conditions import order_by_conditions
from .ranges import Linear
from .structures import STRUCTURES, TOO_MANY_STRUCTURES, Space

CORNERS = 4096  # that are checked before a search, of all structures together


def list_corners(space: Space) -> dict[str, np.ndarray]:
    """Return points of each structure that a space can have, at the ends of its numbers: name -> (point,).

    NaN stands where a hyperparameter does not exist. Of more than `CORNERS` corners, each structure has the first ones
    and the last one. Raises TooLargeError (a ValueError) for more structures than a study may have.
    """
    settings = _list_settings(space)
    most = max(1, CORNERS // len(settings))
    points = [corner for setting in settings for corner in _list_corners(space, setting, most)]
    return {name: np.array([point.get(name, np.nan) for point in points], float) for name in space.names}


def _list_settings(space: Space) -> list[dict[str, float]]:
    """Return the combinations of all that decides about the structure: choices, and numbers that conditions read."""
    read = {other for conditions in space.conditions.values() for other in conditions}
    settings: list[dict[str, float]] = [{}]
    for name in order_by_conditions(space.conditions, list(space.names)):
        if name in space.choices or name in read:
            values = _list_values(space, name)
            settings = [
                {**setting, **extended}
                for setting in settings
                for extended in ([{name: value} for value in values] if space.has(name, setting) else [{}])
            ]
            structures = {tuple((key, value if key in space.choices else 0) for key, value in setting.items())
                          for setting in settings}  # fmt: skip
            require_count(TOO_MANY_STRUCTURES, len(structures), STRUCTURES)
    return settings


def _list_corners(space: Space, setting: Mapping[str, float], most: int) -> Iterator[dict[str, float]]:
    """Yield the corners of the numbers that exist at a setting, with this setting."""
    free = [name for name in space.names if name not in setting and space.has(name, setting)]
    free = [name for name in free if name in space.numbers]
    ends = [_list_ends(space, name) for name in free]
    corners = itertools.product(*ends)
    for corner in itertools.islice(corners, most):
        yield {**setting, **dict(zip(free, corner))}
    if next(corners, None) is not None:
        yield {**setting, **{name: values[-1] for name, values in zip(free, ends)}}


def _list_ends(space: Space, name: str) -> list[float]:
    """Return the ends of a range, or all values of a list."""
    axis = space.numbers[name]
    return [axis.low, axis.high] if isinstance(axis, Linear) else values_of(name, axis).tolist()


def _list_values(space: Space, name: str) -> list[float]:
    """Return the values of a choice or a list; of a range its ends, and those that conditions name."""
    if name in space.choices:
        return [*space.codes[name]]
    axis, named = space.numbers[name], {v for read in space.conditions.values() for v in read.get(name, ())}
    inside = [value for value in sorted(named) if not isinstance(axis, Linear) or axis.low < value < axis.high]
    return [*_list_ends(space, name), *(inside if isinstance(axis, Linear) else [])]
