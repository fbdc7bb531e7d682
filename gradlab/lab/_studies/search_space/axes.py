"""The search space: the axes of hyperparameters as texts, their values, and the grids and samples of those that are
numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, get_args

import numpy as np

from ..._formatting import format_float, join_at_most
from ..._inputs.argument_checks import Sampler
from ..size_limits import POINTS, require_count
from .conditions import When
from .ranges import Integer, Linear, Log, SearchSpaceError, as_number, round_generated

Axis: TypeAlias = Linear | Sequence[Any] | Mapping[str, Any] | When | float

_WORDS = {"yes": True, "true": True, "no": False, "false": False, "none": None}


def parse_axis(name: str, text: str) -> Axis:
    """Return the axis of a text.

    It is a list (`0.1,0.2`, or words such as `yes,no` and `none`), or a range: `lin:0:1:5`, `log:1e-4:1e-1:13`,
    `int:1:8:4` or `intlog:1:128:8`, each also without the count. A condition may follow, as in
    `lin:0.5:0.99:5 if nesterov=yes and layout=flax,torch`. Raises SearchSpaceError.
    """
    text, is_conditional, condition = text.partition(" if ")
    if is_conditional:
        return When(parse_axis(name, text.strip()), **_parse_conditions(name, condition))
    kind, *numbers = text.split(":")
    try:
        if kind in ("lin", "log", "int", "intlog"):
            low, high, *count = numbers
            if len(count) > 1:
                raise ValueError
            ends, number = (float(low), float(high)), int(count[0]) if count else None
            if kind.startswith("int"):
                return Integer(*ends, number, log=kind == "intlog")
            return (Log if kind == "log" else Linear)(*ends, number)
        return [parse_value(word.strip()) for word in text.split(",")]
    except SearchSpaceError as error:
        raise SearchSpaceError(f"{name}={text}: {error}") from None
    except ValueError:
        raise SearchSpaceError(f"{name}={text}: {EXPECTED}") from None


def _parse_conditions(name: str, text: str) -> dict[str, list[Any]]:
    conditions: dict[str, list[Any]] = {}
    for condition in text.split(" and "):
        other, equals, values = condition.strip().partition("=")
        if not equals or not other.isidentifier():
            raise SearchSpaceError(
                f"{name} if {text}: expected a condition such as nesterov=yes, or nesterov=yes and momentum=0.9,0.99"
            )
        conditions[other] = [parse_value(value.strip()) for value in values.split(",")]
    return conditions


EXPECTED = "expected numbers (0.1,0.3,1), or lin:LOW:HIGH:COUNT, or log:LOW:HIGH:COUNT"


def parse_value(word: str) -> Any:
    """Return the value of a word: a number, True for yes, None for none, or the word itself."""
    try:
        return float(word)
    except ValueError:
        if not word:
            raise
    return _WORDS.get(word.lower(), word)


def sort_values(axis: Axis) -> Axis:
    """Return the axis with listed values in order: numbers by size, then words by the alphabet."""
    if isinstance(axis, When):
        return When(sort_values(axis.axis), **axis.conditions)
    if not isinstance(axis, list):
        return axis
    is_number = [type(value) is float for value in axis]
    numbers = sorted(value for value, number in zip(axis, is_number) if number)
    return numbers + sorted((value for value, number in zip(axis, is_number) if not number), key=str)


def format_axis(axis: Axis) -> str:
    """Return the text of an axis, such as `log:0.0001:1`."""
    if isinstance(axis, Linear):
        numbers = [format_float(axis.low), format_float(axis.high)] + ([] if axis.count is None else [str(axis.count)])
        return ":".join([_kind(axis), *numbers])
    return ",".join(format_float(as_number(value)) for value in np.atleast_1d(np.asarray(axis)))


def _kind(axis: Linear) -> str:
    if isinstance(axis, Integer):
        return "intlog" if axis.log else "int"
    return "log" if isinstance(axis, Log) else "lin"


def axis_scales(axes: Mapping[str, Axis]) -> dict[str, str]:
    """Return the scale of each range, "lin" or "log", by hyperparameter; lists of values have none."""
    return {name: _kind(axis).removeprefix("int") or "lin" for name, axis in axes.items() if isinstance(axis, Linear)}


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
    numbers = list(parsed) if isinstance(parsed, Iterable) and np.ndim(parsed) else [parsed]  # type: ignore[arg-type]
    try:
        values = np.array([as_number(value) for value in numbers], float)
    except TypeError:
        if isinstance(axis, str):
            raise SearchSpaceError(f"{name}={axis}: {EXPECTED}") from None
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
    if isinstance(axis, Integer) and axis.count is None:
        require_count(f"values of {name}", int(axis.high - axis.low) + 1, POINTS)
        return np.arange(axis.low, axis.high + 1)
    if axis.count is None:
        raise SearchSpaceError(
            f"{name} is a range without a count; append one, as in {format_axis(axis)}:5, or take samples of it; in "
            f"Python, it is {type(axis).__name__}({axis.low:g}, {axis.high:g}, count=5)"
        )
    require_count(f"values of {name}", axis.count, POINTS)
    if axis.count == 1:
        return round_generated(axis, axis.at(np.array([0.5])))
    if isinstance(axis, Integer):
        return np.unique(axis.at(np.linspace(0, 1, axis.count), margin=0))
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
        open_range = format_axis(replace(axis, count=None))
        raise SearchSpaceError(f"{name}={format_axis(axis)}: {reason}; leave out the count: {open_range}")


def _list_values(values: np.ndarray) -> str:
    return join_at_most([format_float(value) for value in values.tolist()])
