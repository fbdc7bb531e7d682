"""The configurations of a merged sweep: those of the parts, or the grid of all values that the parts have."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from ..._formatting import format_float, join_at_most
from ..search_space.axes import parse_value, sort_values
from ..search_space.structures import Space
from .parts import Part, RefusedMergeError

Columns: TypeAlias = dict[str, np.ndarray]  # hyperparameter -> (point,): values, or codes of choices; NaN: absent


class Configurations(NamedTuple):
    """The configurations of all optimizers of a sweep, and what the results say about them."""

    space: Space
    columns: Columns
    scales: Mapping[str, str]  # hyperparameter -> the scale of its range, if it has one
    sampler: str


def join_configurations(parts: Sequence[Part]) -> Configurations:
    """Return the configurations of the sweep that some sweeps are parts of.

    They are the same ones if all parts have the same, and else the grid of all values. Raises RefusedMergeError for
    other hyperparameters or conditions, and for samples of other points.
    """
    found = [_read_configurations(part) for part in parts]
    first, folders = found[0], [part.folder for part in parts]
    for folder, other in zip(folders[1:], found[1:]):
        for what, one, two in (
            ("hyperparameters", [*first.space.names], [*other.space.names]),
            ("sampler", first.sampler, other.sampler),
            ("conditions", _name_conditions(first.space), _name_conditions(other.space)),
            ("choices", [*first.space.choices], [*other.space.choices]),
        ):
            if (sorted(one) != sorted(two)) if isinstance(one, list) else one != two:
                raise RefusedMergeError(
                    f"{what}: {_show(one)} in {folders[0]}, {_show(two)} in {folder}. A sweep has the same "
                    f"hyperparameters everywhere; compute one of them anew"
                )
    lists = [list_points(configurations.space, configurations.columns) for configurations in found]
    scales = {
        name: scale for name, scale in first.scales.items() if all(_has_range(other, first, name) for other in found)
    }
    if all(points == lists[0] for points in lists[1:]):
        return first._replace(scales=scales)
    if "grid" not in first.sampler:
        counts = ", ".join(f"{len(points)} in {folder}" for points, folder in zip(lists, folders))
        raise RefusedMergeError(
            f"the parts have other samples ({counts}), which do not become one: each part needs the same ranges, "
            f"--samples, --sampler and --sample-seed, and others of the optimizers, problems or seeds"
        )
    space = _join_spaces(found)
    return Configurations(space, space.grid(), scales, first.sampler)


def _has_range(other: Configurations, first: Configurations, name: str) -> bool:
    """Return whether a hyperparameter has the same range in both. One with more values is a list, and has no scale."""
    is_same = list_values(other.space, name) == list_values(first.space, name)
    return is_same and other.scales.get(name) == first.scales[name]


def list_points(space: Space, columns: Mapping[str, np.ndarray]) -> list[tuple[Any, ...]]:
    """Return points by value: a tuple for each, in the order of the names sorted, with labels and None for absent."""
    names = sorted(space.names)
    texts = [[_read_value(space, name, float(code)) for code in columns[name]] for name in names]
    return list(zip(*texts))


def _read_value(space: Space, name: str, code: float) -> Any:
    if np.isnan(code):
        return None
    return space.codes[name][code] if name in space.choices else code


def _read_configurations(part: Part) -> Configurations:
    """Return the configurations of a sweep, from its results."""
    dataset = next(iter(part.datasets.values()))
    options = {name for task in part.tasks for name in task.get("options", {})}
    categories = json.loads(dataset.attrs.get("categories", "{}"))
    names = json.loads(dataset.attrs["hyperparameters"])
    numbers: dict[str, Any] = {}
    choices: dict[str, dict[str, Any]] = {}
    columns: Columns = {}
    for name in names:
        columns[name] = _read_column(dataset, name, categories)
        present = [value for value in dict.fromkeys(columns[name].tolist()) if not np.isnan(value)]
        if name in categories:
            choices[name] = {label: label for label in categories[name]}
        elif name in options:
            choices[name] = {format_float(value): value for value in present}
        else:
            numbers[name] = present
    given = json.loads(dataset.attrs.get("conditions", "{}"))
    conditions = {name: {other: tuple(values) for other, values in read.items()} for name, read in given.items()}
    space = Space(numbers, choices, conditions, tuple(names))
    return Configurations(space, columns, json.loads(dataset.attrs["scales"]), str(dataset.attrs["sampler"]))


def _read_column(dataset: xr.Dataset, name: str, categories: Mapping[str, list[str]]) -> np.ndarray:
    values = dataset[name].values[0]  # all optimizers have the same
    if name not in categories:
        return np.asarray(values, float)
    codes = {label: float(code) for code, label in enumerate(categories[name])}
    return np.array([codes.get(str(label), np.nan) for label in values])


def list_values(space: Space, name: str) -> list[Any]:
    """Return the values of a hyperparameter, in order; the labels of a choice."""
    values: Any = space.choices[name] if name in space.choices else space.numbers[name]
    return list(values)


def _join_spaces(found: Sequence[Configurations]) -> Space:
    """Return the space whose axes have all values of some spaces."""
    first = found[0].space
    joined = {name: _join_values([list_values(one.space, name) for one in found]) for name in first.names}
    numbers = {name: joined[name] for name in first.numbers}
    are_numbers = {
        name: all(type(value) is float for one in found for value in one.space.choices[name].values())
        for name in first.choices
    }
    choices = {
        name: {label: float(label) if are_numbers[name] else label for label in joined[name]} for name in first.choices
    }
    space = Space(numbers, choices, {}, first.names)
    conditions = {
        name: {other: _find_codes(space, other, values) for other, values in read.items()}
        for name, read in _name_conditions(first).items()
    }
    return Space(numbers, choices, conditions, first.names)


def _join_values(lists: Sequence[list[Any]]) -> list[Any]:
    """Return the values of several lists, in order if each list is: numbers by size, then words by the alphabet."""
    together = list(dict.fromkeys(itertools.chain(*lists)))
    order = {_key(value): value for value in together}
    if all(_sort(values) == values for values in lists):
        return _sort(list(order.values()))
    return together


def _key(value: Any) -> Any:
    return parse_value(value) if isinstance(value, str) else value


def _sort(values: list[Any]) -> list[Any]:
    """Return values as the command line sorts them, which types words as labels."""
    keys = {repr(_key(value)): value for value in values}
    ordered: Any = sort_values([_key(value) for value in values])
    return [keys[repr(key)] for key in ordered]


def _name_conditions(space: Space) -> dict[str, dict[str, list[Any]]]:
    """Return the conditions by value: with the labels of choices."""
    return {
        name: {other: [_read_value(space, other, value) for value in values] for other, values in read.items()}
        for name, read in space.conditions.items()
    }


def _find_codes(space: Space, name: str, values: Sequence[Any]) -> tuple[float, ...]:
    if name not in space.choices:
        return tuple(values)
    return tuple(code for code, label in space.codes[name].items() if label in values)


def _show(value: Any) -> str:
    if isinstance(value, dict):
        texts = [
            f"{name} if {other}={','.join(map(str, values))}"
            for name, read in value.items()
            for other, values in read.items()
        ]
        return join_at_most(texts) or "none"
    return join_at_most([*map(str, value)]) or "none" if isinstance(value, list) else str(value)
