"""Grids and samples of hyperparameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np


class GridError(ValueError):
    """Values that do not make a grid; the text says what came, and what was expected."""


@dataclass(frozen=True)
class Lin:
    """Numbers from `low` to `high` at even distances; without a `count`, a range to sample from."""

    low: float
    high: float
    count: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise GridError(f"a range needs two finite numbers, the lower first; got {self.low:g} and {self.high:g}")
        if self.count is not None and self.count < 1:
            raise GridError(f"a grid needs at least one value, got {self.count}")

    def at(self, share: np.ndarray) -> np.ndarray:
        """The numbers at shares of the way, in [0, 1]."""
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Log(Lin):
    """Numbers from `low` to `high`, both above zero, at even distances of their logarithms."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise GridError(f"a logarithmic range needs numbers above zero, got {self.low:g}")

    def at(self, share: np.ndarray) -> np.ndarray:
        return np.exp(np.log(self.low) + share * (np.log(self.high) - np.log(self.low)))


Axis: TypeAlias = Lin | Sequence[float] | float
Sampler: TypeAlias = Literal["sobol", "random"]


def parse(name: str, text: str) -> Axis:
    """What was typed for a hyperparameter: `0.1,0.2`, `lin:0:1:5`, `log:1e-4:1e-1:13`, or without the count."""
    kind, *numbers = text.split(":")
    try:
        if kind in ("lin", "log"):
            low, high, *count = numbers
            if len(count) > 1:
                raise ValueError
            return (Log if kind == "log" else Lin)(float(low), float(high), *map(int, count))
        return [float(number) for number in text.split(",")]
    except GridError as error:
        raise GridError(f"{name}={text}: {error}") from None
    except ValueError:
        raise GridError(
            f"{name}={text}: expected numbers (0.1,0.3,1), or lin:LOW:HIGH:COUNT, or log:LOW:HIGH:COUNT"
        ) from None


def typed(axis: Axis) -> str:
    """What could have been typed for an axis, such as `log:0.0001:1`."""
    if isinstance(axis, Lin):
        numbers = [axis.low, axis.high] + ([] if axis.count is None else [axis.count])
        return ":".join(["log" if isinstance(axis, Log) else "lin", *(f"{number:g}" for number in numbers)])
    return ",".join(f"{float(value):g}" for value in np.atleast_1d(axis))


def scales(axes: Mapping[str, Axis]) -> dict[str, str]:
    """The kind of each range, "lin" or "log", by the name of its hyperparameter; lists of values have none."""
    return {name: "log" if isinstance(axis, Log) else "lin" for name, axis in axes.items() if isinstance(axis, Lin)}


def values_of(name: str, axis: Axis | str) -> np.ndarray:
    """The values of one axis of a grid, of shape (value,), rounded so that what is printed can be typed."""
    parsed: Axis = parse(name, axis) if isinstance(axis, str) else axis
    if isinstance(parsed, Lin):
        if parsed.count is None:
            raise GridError(f"{name} is a range without a count; append one, or take samples of it")
        numbers = parsed.at(np.linspace(0, 1, parsed.count) if parsed.count > 1 else np.array([0.5])).tolist()
    else:
        numbers = list(parsed) if isinstance(parsed, Iterable) and np.ndim(parsed) else [parsed]
    try:
        values = np.array([rounded(value) for value in numbers])
    except (TypeError, ValueError):
        raise GridError(f"{name} needs numbers, or a range such as Log(1e-4, 1e-1, 13); got {axis!r}") from None
    if not values.size or not np.isfinite(values).all():
        raise GridError(f"{name} needs at least one value, and finite ones; got {values.tolist()}")
    if len(set(values.tolist())) < values.size:
        raise GridError(f"{name} has a value twice: {values.tolist()}")
    return values


def points(axes: Mapping[str, Axis]) -> dict[str, np.ndarray]:
    """All combinations of the values of the axes, the last one varying fastest: name -> (point,)."""
    values = [values_of(name, axis) for name, axis in axes.items()]
    combined = np.array(list(itertools.product(*values))).T
    return dict(zip(axes, combined))


def samples(axes: Mapping[str, Axis], count: int, sampler: Sampler = "sobol", seed: int = 0) -> dict[str, np.ndarray]:
    """`count` points spread over the ranges, quasi-randomly (scrambled Sobol) or at random: name -> (point,).

    A list of values stands for itself: one of them is taken, each as often. A range must have no count.
    """
    if count < 1:
        raise GridError(f"samples must be at least 1, got {count}")
    if sampler == "sobol":
        from scipy.stats import qmc  # takes half a second

        engine = qmc.Sobol(len(axes), seed=seed)
        shares = engine.random_base2(max(0, (count - 1).bit_length()))[:count]
    else:
        shares = np.random.default_rng(seed).random((count, len(axes)))
    return {name: _sampled(name, axis, share) for (name, axis), share in zip(axes.items(), shares.T)}


def _sampled(name: str, axis: Any, share: np.ndarray) -> np.ndarray:
    if isinstance(axis, Lin):
        without_count(name, axis, "samples are spread over a range")
        return np.array([rounded(value) for value in axis.at(share)])
    values = values_of(name, axis)
    return values[np.minimum((share * len(values)).astype(int), len(values) - 1)]


def without_count(name: str, axis: Lin, who: str) -> None:
    """Raise GridError for a range with a count, for `who` (what takes its own points of it) has no use for one."""
    if axis.count is not None:
        open_range = typed(type(axis)(axis.low, axis.high))
        raise GridError(f"{name}={typed(axis)}: {who}; leave out the count: {open_range}")


def rounded(value: float) -> float:
    """A number as it is printed, so that what is printed can be typed."""
    return float(f"{float(value):.6g}")
