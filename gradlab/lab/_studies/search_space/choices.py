"""Choices: hyperparameters whose values are no numbers to compute with, and the names of these values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._formatting import format_float, join_at_most
from ..._inputs.importing import LoadError, import_object, names_object
from .axes import EXPECTED, values_of
from .ranges import Integer, Linear, SearchSpaceError, as_number

LETTERS = 40  # of a label, at most


def is_choice(axis: Any, parameters: Sequence[Any]) -> bool:
    """Say whether the values of an axis are structure: options, words, and anything else that is no number."""
    if isinstance(axis, Linear) and not isinstance(axis, Integer):
        return False
    if isinstance(axis, Mapping) or any(parameter.static for parameter in parameters):
        return True
    return not isinstance(axis, Linear) and not all(map(is_number, _list(axis)))


def is_number(value: Any) -> bool:
    """Say whether a value is a real number, and no switch."""
    try:
        as_number(value)
    except (TypeError, ValueError):
        return False
    return True


def _list(axis: Any) -> list[Any]:
    if isinstance(axis, Integer):
        return [int(value) for value in values_of("", axis)]
    if isinstance(axis, Mapping):
        return list(axis.values())
    is_several = isinstance(axis, (list, tuple)) or (hasattr(axis, "__array__") and np.ndim(axis))
    return list(axis) if is_several else [axis]


def label_values(name: str, axis: Any, parameters: Sequence[Any]) -> dict[str, Any]:
    """Return the values of a choice by label."""
    given = _list(axis)
    values = [_convert(name, value, parameters) for value in given]
    labels = [*map(str, axis)] if isinstance(axis, Mapping) else [make_label(name, value) for value in given]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise SearchSpaceError(f"{name} has a value twice: {join_at_most(twice)}; give each once")
    if not labels or "" in labels:
        raise SearchSpaceError(f"{name} needs at least one value, each with a name; got {labels}")
    return dict(zip(labels, values))


def _convert(name: str, value: Any, parameters: Sequence[Any]) -> Any:
    """Return a value as a factory takes it: a whole number as an int, and what `package.module:name` names."""
    if names_object(value):
        try:
            return import_object(value)
        except LoadError as error:
            raise SearchSpaceError(f"{name}={value}: {error}") from None
    if isinstance(value, str) and all(
        parameter.range is not None and parameter.read is None for parameter in parameters
    ):
        raise SearchSpaceError(f"{name}={value}: {EXPECTED}, or module:name of a schedule")
    if isinstance(value, float) and value % 1 == 0 and any(int in parameter.static for parameter in parameters):
        return int(value)
    return value


def make_label(name: str, value: Any) -> str:
    """Return the label of a value of a choice: "yes", "no", "none", a number, a word, or the text of a value."""
    if isinstance(value, (bool, np.bool_)) or value is None:
        return {True: "yes", False: "no", None: "none"}[None if value is None else bool(value)]
    if is_number(value):
        return format_float(as_number(value))
    label = value if isinstance(value, str) else repr(value)
    if len(label) > LETTERS or "0x" in label:
        raise SearchSpaceError(
            f"a value of {name} has no short name: {label[:LETTERS]}...; give the values names: "
            f'{{"{name}": {{"short": ..., "long": ...}}}}'
        )
    return label
