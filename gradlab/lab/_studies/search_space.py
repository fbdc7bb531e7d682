"""The search space: ranges and lists of values of hyperparameters, and the grids and samples of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

import numpy as np

from .._formatting import format_float, join_at_most
from .._inputs.argument_checks import Sampler, is_whole_number
from .size_limits import POINTS, require_count


class SearchSpaceError(ValueError):
    """Ranges or values that cannot be used. The text says what came and what was expected."""


@dataclass(frozen=True)
class Linear:
    """A range from `low` to `high`: `count` evenly spaced numbers for a grid, or no count to sample from it.

    The first number is exactly `low` and the last exactly `high`. Raises SearchSpaceError (a ValueError) for ends that
    are not finite numbers in this order, and for a count that is not a whole number of at least 1.
    """

    low: float
    high: float
    count: int | None = None

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for name in ("low", "high"):
            end = getattr(self, name)
            try:
                object.__setattr__(self, name, as_number(end))
            except TypeError:
                raise SearchSpaceError(
                    f"{kind}: {name} must be a number, got {type(end).__name__}: {end!r}; "
                    f"a range is {kind}(1e-4, 1e-1, 13), and its hyperparameter is the key of the dictionary"
                ) from None
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            ends = f"{format_float(self.low)} and {format_float(self.high)}"
            raise SearchSpaceError(f"a range needs two finite numbers, the lower first; got {ends}")
        if self.count is None:
            return
        if not is_whole_number(self.count):
            raise SearchSpaceError(
                f"{kind}: count must be a whole number, got {type(self.count).__name__}: {self.count!r}; "
                f"leave it out for a range to sample from"
            )
        if self.count < 1:
            raise SearchSpaceError(f"a grid needs at least one value, got {self.count}")

    def at(self, share: np.ndarray) -> np.ndarray:
        """Return the numbers at these fractions, in [0, 1], of the way from `low` to `high`."""
        return self.low + share * (self.high - self.low)

    def resolution(self, parts: int) -> float:
        """Return the relative distance of two neighbors if the range is divided into `parts`."""
        return (self.high - self.low) / parts / max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class Log(Linear):
    """A range as `Linear`, with numbers above zero whose logarithms are evenly spaced."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise SearchSpaceError(f"a logarithmic range needs numbers above zero, got {format_float(self.low)}")

    def at(self, share: np.ndarray) -> np.ndarray:
        return np.exp(np.log(self.low) + share * (np.log(self.high) - np.log(self.low)))

    def resolution(self, parts: int) -> float:
        return float(np.log(self.high) - np.log(self.low)) / parts


Axis: TypeAlias = Linear | Sequence[float] | float


def parse_axis(name: str, text: str) -> Axis:
    """Return the axis of a text: `0.1,0.2`, `lin:0:1:5`, `log:1e-4:1e-1:13`, or a range without the count."""
    kind, *numbers = text.split(":")
    try:
        if kind in ("lin", "log"):
            low, high, *count = numbers
            if len(count) > 1:
                raise ValueError
            return (Log if kind == "log" else Linear)(float(low), float(high), *map(int, count))
        return [float(number) for number in text.split(",")]
    except SearchSpaceError as error:
        raise SearchSpaceError(f"{name}={text}: {error}") from None
    except ValueError:
        raise SearchSpaceError(
            f"{name}={text}: expected numbers (0.1,0.3,1), or lin:LOW:HIGH:COUNT, or log:LOW:HIGH:COUNT"
        ) from None


def format_axis(axis: Axis) -> str:
    """Return the text of an axis, such as `log:0.0001:1`."""
    if isinstance(axis, Linear):
        numbers = [format_float(axis.low), format_float(axis.high)] + ([] if axis.count is None else [str(axis.count)])
        return ":".join(["log" if isinstance(axis, Log) else "lin", *numbers])
    return ",".join(format_float(as_number(value)) for value in np.atleast_1d(axis))


def axis_scales(axes: Mapping[str, Axis]) -> dict[str, str]:
    """Return the scale of each range, "lin" or "log", by hyperparameter; lists of values have none."""
    return {name: "log" if isinstance(axis, Log) else "lin" for name, axis in axes.items() if isinstance(axis, Linear)}


def as_axes(axes: Any) -> dict[str, Axis]:
    """Return the axes by hyperparameter, with texts parsed. Raises TypeError and SearchSpaceError."""
    if not isinstance(axes, Mapping) or not all(isinstance(name, str) for name in axes):
        raise TypeError(
            f"hyperparameters must be a dictionary of names and their values, such as "
            f'{{"learning_rate": Log(1e-4, 1e-1, 13)}}; got {type(axes).__name__}: {axes!r}'
        )
    return {name: parse_axis(name, axis) if isinstance(axis, str) else axis for name, axis in axes.items()}


def values_of(name: str, axis: Axis | str) -> np.ndarray:
    """Return the values of one axis of a grid, as float64 of shape (value,).

    Listed values stay as they are. Values between the ends of a range are rounded, so that they print short and can be
    typed again. Raises SearchSpaceError.
    """
    parsed: Axis = parse_axis(name, axis) if isinstance(axis, str) else axis
    if isinstance(parsed, Linear):
        return _grid(name, parsed)
    numbers = list(parsed) if isinstance(parsed, Iterable) and np.ndim(parsed) else [parsed]
    try:
        values = np.array([as_number(value) for value in numbers], float)
    except TypeError:
        raise SearchSpaceError(
            f"{name} needs numbers, or a range such as Log(1e-4, 1e-1, 13); got {join_at_most([*map(repr, numbers)])}"
        ) from None
    if not values.size or not np.isfinite(values).all():
        raise SearchSpaceError(f"{name} needs at least one value, and finite ones; got {_list_values(values)}")
    if len(np.unique(values)) < values.size:
        twice, counts = np.unique(values, return_counts=True)
        raise SearchSpaceError(f"{name} has a value twice: {_list_values(twice[counts > 1])}; give each once")
    return values


def _grid(name: str, axis: Linear) -> np.ndarray:
    if axis.count is None:
        raise SearchSpaceError(
            f"{name} is a range without a count; append one, as in {format_axis(axis)}:5, or take samples of it"
        )
    require_count(f"values of {name}", axis.count, POINTS)
    if axis.count == 1:
        return round_generated(axis, axis.at(np.array([0.5])))
    values = round_generated(axis, axis.at(np.linspace(0, 1, axis.count)), 10 * axis.count)
    values[[0, -1]] = axis.low, axis.high
    return values


def grid_points(axes: Mapping[str, Axis]) -> dict[str, np.ndarray]:
    """Return all combinations of the values of the axes, with the last axis varying fastest: name -> (point,).

    Raises SearchSpaceError, and TooLargeError (a ValueError) for more combinations than `size_limits.POINTS`.
    """
    values = [values_of(name, axis) for name, axis in axes.items()]
    factors = " x ".join(f"{len(array):,} of {name}" for name, array in zip(axes, values))
    require_count(f"points of the grid ({factors})", math.prod(map(len, values)), POINTS)
    combined = np.array(list(itertools.product(*values))).T
    return dict(zip(axes, combined))


def sample_points(
    axes: Mapping[str, Axis], count: int, sampler: Sampler = "sobol", seed: int = 0
) -> dict[str, np.ndarray]:
    """Return `count` points that are spread over the ranges: name -> (point,).

    The sampler is "sobol" (scrambled), "halton" (scrambled) or "latin_hypercube", which are quasi-random, or "random".
    The values of a list are equally frequent. Raises SearchSpaceError for a range with a count, and if no axis is a
    range, because all points of lists are a grid.
    """
    if count < 1:
        raise SearchSpaceError(f"samples must be at least 1, got {count}")
    require_count("samples", count, POINTS)
    if sampler not in get_args(Sampler):
        raise SearchSpaceError(f"there is no sampler {sampler!r}; expected one of {', '.join(get_args(Sampler))}")
    if not any(isinstance(axis, Linear) for axis in axes.values()):
        given = ", ".join(f"{name}={format_axis(axis)}" for name, axis in axes.items()) or "nothing"
        raise SearchSpaceError(
            f"samples are spread over ranges, such as learning_rate=log:1e-4:1; got {given}, which is a grid: "
            f"leave out samples"
        )
    shares = _shares(len(axes), count, sampler, seed)
    return {name: _sample_axis(name, axis, share) for (name, axis), share in zip(axes.items(), shares.T)}


def _shares(dimensions: int, count: int, sampler: Sampler, seed: int) -> np.ndarray:
    """Return points of the unit cube, of shape (point, dimension)."""
    if sampler == "random":
        return np.random.default_rng(seed).random((count, dimensions))
    from scipy.stats import qmc  # takes half a second

    if sampler == "halton":
        return qmc.Halton(dimensions, seed=seed).random(count)
    if sampler == "latin_hypercube":
        return qmc.LatinHypercube(dimensions, seed=seed).random(count)
    return qmc.Sobol(dimensions, seed=seed).random_base2(max(0, (count - 1).bit_length()))[:count]


def _sample_axis(name: str, axis: Any, share: np.ndarray) -> np.ndarray:
    if isinstance(axis, Linear):
        refuse_count(name, axis, "samples are spread over a range")
        return round_generated(axis, axis.at(share))
    values = values_of(name, axis)
    return values[np.minimum((share * len(values)).astype(int), len(values) - 1)]


def refuse_count(name: str, axis: Linear, reason: str) -> None:
    """Raise SearchSpaceError for a range with a count. The reason says why a count makes no sense."""
    if axis.count is not None:
        open_range = format_axis(type(axis)(axis.low, axis.high))
        raise SearchSpaceError(f"{name}={format_axis(axis)}: {reason}; leave out the count: {open_range}")


def round_generated(axis: Linear, values: np.ndarray, parts: int = 1000) -> np.ndarray:
    """Round generated numbers of a range, so that they print short and can be typed again.

    They keep six digits, or as many as distinguish the `parts` of the range, and stay in the range.
    """
    digits = max(6, min(17, 1 + math.ceil(-math.log10(axis.resolution(parts)))))
    return np.clip([float(f"{value:.{digits}g}") for value in values.tolist()], axis.low, axis.high)


def as_number(value: Any) -> float:
    """Return a real number as a float; a float32 or narrower one as the number that it prints. Raises TypeError."""
    if isinstance(value, (str, bytes, bool, np.bool_)):
        raise TypeError(f"expected a number, got {value!r}")
    kind = getattr(value, "dtype", None)
    if kind is not None and getattr(kind, "itemsize", 8) < 8 and np.ndim(value) == 0:
        return float(str(np.asarray(value)[()]))
    return float(value)


def _list_values(values: np.ndarray) -> str:
    return join_at_most([format_float(value) for value in values.tolist()])
