"""Structures: the points of a study, grouped so that one compiled program serves each group.

A hyperparameter that is a number is an array in a program, so one program serves all of its values. A switch, a word or
a schedule is structure: each of its values needs a program. A number that exists only at some points does, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ....remedies.argument_names import ask_about, find_meant
from ..._formatting import format_float, join_at_most, join_names
from ..._inputs.argument_checks import Sampler
from ..._inputs.factory_adapter import GivenArguments
from ..size_limits import require_count
from .axes import Axis, axis_scales, format_axis, grid_points, sample_points
from .choices import is_choice, is_number, label_values, make_label
from .conditions import When, order_by_conditions
from .ranges import Integer, Linear, SearchSpaceError, as_number

STRUCTURES = 256  # programs of one optimizer on one problem, at most
TOO_MANY_STRUCTURES = "combinations of choices, each with a program of its own,"


class Structure(NamedTuple):
    """Some points of a study which one program serves."""

    options: dict[str, str]  # choice -> its label
    values: dict[str, Any]  # choice -> its value
    numbers: tuple[str, ...]  # the hyperparameters that are numbers at these points
    points: np.ndarray  # (n,): their indices in the study


@dataclass(frozen=True)
class Fixed:
    """A factory with some of its arguments given."""

    build: Callable[..., Any]
    arguments: Mapping[str, Any]

    def __call__(self, **others: Any) -> Any:
        return self.build(**self.arguments, **others)

    @property
    def factory(self) -> Any:
        """The declaration of the factory."""
        return self.build.factory  # type: ignore[attr-defined]

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function whose source is that of the factory."""
        return self.build


@dataclass(frozen=True)
class Space:
    """The axes of a study: numbers, choices (label -> value), and the conditions of either."""

    numbers: Mapping[str, Axis]
    choices: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Mapping[str, tuple[float, ...]]]  # name -> other -> values, or codes of choices
    names: tuple[str, ...]  # all, in the order in which they were given
    whole: Mapping[str, Integer] = field(default_factory=dict)  # the choices that are a range of whole numbers

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """The axis of each hyperparameter as numbers. That of a choice has the numbers that stand for its values."""
        return {name: [*self.codes[name]] if name in self.codes else self.numbers[name] for name in self.names}

    @cached_property
    def codes(self) -> dict[str, dict[float, str]]:
        """The labels of each choice by the numbers that stand for them: values that are numbers, or else 0, 1, ..."""
        return {name: _number_choices(values) for name, values in self.choices.items()}

    def notes(self) -> dict[str, str]:
        """Return what the results say about the axes, as JSON by attribute."""
        categories = {name: list(values) for name, values in self.choices.items() if not _are_numbers(values)}
        return {
            "hyperparameters": json.dumps(list(self.names)),
            "scales": json.dumps(axis_scales(self.numbers)),
            **({"categories": json.dumps(categories)} if categories else {}),
            **({"conditions": json.dumps(self.conditions)} if self.conditions else {}),
        }

    def texts(self) -> dict[str, str]:
        """Return the axes as texts, such as `yes,no if momentum=0.9`. The values of a choice have their labels."""
        found = {}
        for name in self.names:
            axis: Axis | None = self.whole.get(name) or self.numbers.get(name)
            text = ",".join(self.choices[name]) if axis is None else format_axis(axis)
            conditions = [
                f"{other}={','.join(self._name(other, value) for value in values)}"
                for other, values in self.conditions.get(name, {}).items()
            ]
            found[name] = f"{text} if {' and '.join(conditions)}" if conditions else text
        return found

    def _name(self, name: str, value: float) -> str:
        return self.codes[name][value] if name in self.codes else format_float(value)

    def has(self, name: str, point: Mapping[str, float]) -> bool:
        """Say whether a hyperparameter exists at a point, which has those that the conditions read, if they exist."""
        conditions = self.conditions.get(name, {})
        return all(point.get(other, math.nan) in values for other, values in conditions.items())

    def grid(self) -> dict[str, np.ndarray]:
        """Return each combination once: name -> (point,), NaN where a hyperparameter does not exist."""
        columns = self._without_absent(grid_points(self.axes))
        if not self.conditions:
            return columns
        rows = np.nan_to_num(np.stack(list(columns.values()), 1), nan=np.inf)  # since NaN is not equal to itself
        first = np.sort(np.unique(rows, axis=0, return_index=True)[1])
        return {name: column[first] for name, column in columns.items()}

    def sample(self, count: int, sampler: Sampler = "sobol", seed: int = 0) -> dict[str, np.ndarray]:
        """Return points that are spread over the ranges: name -> (point,), NaN where one does not exist."""
        return self._without_absent(sample_points(self.axes, count, sampler, seed))

    def _without_absent(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name in order_by_conditions(self.conditions, list(self.names)):
            for other, values in self.conditions.get(name, {}).items():
                columns[name] = np.where(np.isin(columns[other], values), columns[name], np.nan)
        return columns

    def structures(self, columns: Mapping[str, np.ndarray]) -> list[Structure]:
        """Return the structures of some points, in the order in which they come first.

        Raises SearchSpaceError where no number is left at a point, and TooLargeError for more than `STRUCTURES`.
        """
        keys = [column if name in self.choices else np.isnan(column) for name, column in columns.items()]
        table = np.nan_to_num(np.stack([np.asarray(key, float) for key in keys], 1), nan=-1.0)
        _, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
        require_count(TOO_MANY_STRUCTURES, len(first), STRUCTURES)
        return [self._structure(columns, np.flatnonzero(which.ravel() == group)) for group in np.argsort(first)]

    def _structure(self, columns: Mapping[str, np.ndarray], points: np.ndarray) -> Structure:
        first = {name: float(column[points[0]]) for name, column in columns.items()}
        present = [name for name, value in first.items() if not np.isnan(value)]
        options = {name: self.codes[name][first[name]] for name in present if name in self.choices}
        numbers = tuple(name for name in present if name not in self.choices)
        if not numbers:
            where = " and ".join(f"{name}={label}" for name, label in options.items())
            raise SearchSpaceError(
                f"no hyperparameter is a number where {where}; add one, if need be with a single value "
                f"(--set learning_rate=0.1)"
            )
        return Structure(options, {name: self.choices[name][label] for name, label in options.items()}, numbers, points)


def as_space(axes: Mapping[str, Any], factories: Mapping[str, Any]) -> Space:
    """Return the space of axes that are ranges, values, words, labeled values (a dictionary) or under a condition.

    Raises SearchSpaceError for a hyperparameter that a factory does not have, and for values that it cannot have.
    """
    numbers: dict[str, Axis] = {}
    choices: dict[str, dict[str, Any]] = {}
    inner_axes = {name: axis.axis if isinstance(axis, When) else axis for name, axis in axes.items()}
    for name, inner in inner_axes.items():
        parameters = [_find_parameter(label, factories, name, inner) for label in factories]
        if is_choice(inner, parameters):
            choices[name] = label_values(name, inner, parameters)
        else:
            numbers[name] = inner
    given = {name: axis.conditions for name, axis in axes.items() if isinstance(axis, When)}
    order_by_conditions(given, list(axes))
    conditions = {
        name: {other: _find_codes(name, other, values, choices) for other, values in read.items()}
        for name, read in given.items()
    }
    whole = {name: inner for name, inner in inner_axes.items() if name in choices and isinstance(inner, Integer)}
    return Space(numbers, choices, conditions, tuple(axes), whole)


def _find_parameter(label: str, factories: Mapping[str, Any], name: str, inner: Any) -> Any:
    factory = factories[label]
    if isinstance(factory, GivenArguments) and name in factory.arguments:
        raise SearchSpaceError(f"{label} gives {name} already; leave it out there, or do not vary it")
    known = factory.factory.parameters
    if name not in known:
        if having := [other for other, made in factories.items() if name in made.factory.parameters]:
            raise SearchSpaceError(
                f"{name} is a hyperparameter of {join_names(having)} and not of {label}, but a sweep varies the same "
                f"ones of all optimizers; sweep {label} on its own, into a folder of its own"
            )
        raise SearchSpaceError(
            f"no hyperparameter of {label} is named {name!r}; "
            f"{ask_about(find_meant(name, known, cutoff=0.6)) or f'there are {join_at_most(sorted(known))}'}"
        )
    parameter = known[name]
    if parameter.static and isinstance(inner, Linear) and not isinstance(inner, Integer):
        kinds = " or ".join(kind.__name__ for kind in parameter.static)
        raise SearchSpaceError(
            f"{name} of {label} is not a number but an option ({kinds}), which has no range; list its values, such as "
            f"{'yes,no' if bool in parameter.static else '1,2'}"
        )
    if parameter.variadic:
        raise SearchSpaceError(
            f"{name} of {label} are any number of links; write a function with an option for them, and pass it as "
            f"module:function"
        )
    return parameter


def _are_numbers(values: Mapping[str, Any]) -> bool:
    """Say whether the values of a choice are numbers without other names."""
    return all(is_number(value) and label == make_label("", value) for label, value in values.items())


def _number_choices(values: Mapping[str, Any]) -> dict[float, str]:
    if _are_numbers(values):
        return {as_number(value): label for label, value in values.items()}
    return {float(at): label for at, label in enumerate(values)}


def _find_codes(
    name: str, other: str, values: Sequence[Any], choices: Mapping[str, Mapping[str, Any]]
) -> tuple[float, ...]:
    """Return the values of a condition as they stand in the columns of points."""
    if other not in choices:
        if not all(map(is_number, values)):
            given = join_at_most([repr(value) for value in values])
            raise SearchSpaceError(f"{name} depends on {other}, which is a number, having the value {given}")
        return tuple(map(as_number, values))
    labels = list(choices[other])
    found = [str(value) if value in labels else make_label(other, value) for value in values]
    unknown = [label for label in found if label not in labels]
    if unknown:
        raise SearchSpaceError(
            f"{name} depends on {other}={unknown[0]}, but the values of {other} are {join_at_most(labels)}"
        )
    return tuple(code for code, label in _number_choices(choices[other]).items() if label in found)
