"""Ranges of hyperparameters, from which a grid or a sample takes its values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._formatting import format_float
from ..._inputs.argument_checks import is_whole_number


class SearchSpaceError(ValueError):
    """Ranges or values that cannot be used. The text says what came and what was expected."""


@dataclass(frozen=True)
class Linear:
    """A range from `low` to `high`: `count` evenly spaced numbers for a grid, or no count to sample from it.

    The first number is exactly `low` and the last exactly `high`. Raises SearchSpaceError (a ValueError) for ends that
    are not finite numbers in this order, and for a count that is not a whole number of at least 1.

    >>> gl.lab.Linear(0.0, 1.0, 5)
    Linear(low=0.0, high=1.0, count=5)
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
    """A range like `Linear`, with numbers above zero whose logarithms are evenly spaced.

    >>> gl.lab.Log(0.001, 1.0, 4)
    Log(low=0.001, high=1.0, count=4)
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise SearchSpaceError(f"a logarithmic range needs numbers above zero, got {format_float(self.low)}")

    def at(self, share: np.ndarray) -> np.ndarray:
        return np.exp(np.log(self.low) + share * (np.log(self.high) - np.log(self.low)))

    def resolution(self, parts: int) -> float:
        return float(np.log(self.high) - np.log(self.low)) / parts


@dataclass(frozen=True)
class Integer(Linear):
    """A range like `Linear`, of whole numbers, whose logarithms are evenly spaced if `log` is true.

    A grid has `count` of them, or fewer where neighbors would be the same number, or all of them without a count.

    >>> gl.lab.Integer(1, 8)
    Integer(low=1.0, high=8.0, count=None, log=False)
    """

    log: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("low", "high"):
            end = getattr(self, name)
            if end % 1:
                raise SearchSpaceError(f"Integer: {name} must be a whole number, got {format_float(end)}")
        if self.log and self.low <= 0:
            raise SearchSpaceError(f"a logarithmic range needs numbers above zero, got {format_float(self.low)}")

    def at(self, share: np.ndarray, margin: float = 0.5) -> np.ndarray:
        # With a margin of a half, the first and the last number are as frequent as the others.
        ends = self.low - margin, self.high + margin
        between = Log(*ends).at(share) if self.log else Linear(*ends).at(share)
        return np.clip(np.round(between), self.low, self.high) + 0.0  # which makes 0 of -0


def round_generated(axis: Linear, values: np.ndarray, parts: int = 1000) -> np.ndarray:
    """Round generated numbers of a range, so that they print short and can be typed again.

    They keep six digits, or as many as distinguish the `parts` of the range, and stay in the range.
    """
    if isinstance(axis, Integer):
        return values
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
