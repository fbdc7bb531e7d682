"""Two arguments that are passed on in each other's place: the reference with both exchanged has the same trajectory."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from ...values.value import is_number


def list_exchanges(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of hyperparameters of a reference that may be exchanged: numbers that differ."""
    numbers = {name: value for name, value in values.items() if is_number(value) and not isinstance(value, bool)}
    return [(one, other) for one, other in itertools.combinations(numbers, 2) if numbers[one] != numbers[other]]


def exchange(values: Mapping[str, Any], one: str, other: str) -> dict[str, Any]:
    """Return hyperparameters with two of them in each other's place."""
    return dict(values) | {one: values[other], other: values[one]}


def exchange_arguments(step: Callable[..., Any], one: str, other: str) -> Callable[..., Any]:
    """Return a step function that takes two of its hyperparameters in each other's place."""

    @functools.wraps(step)
    def exchanged(*arguments: Any, **values: Any) -> Any:
        return step(*arguments, **exchange(values, one, other))

    exchanged.__signature__ = inspect.signature(step)  # type: ignore[attr-defined]
    return exchanged


def describe_exchange(reference: str, one: str, other: str) -> str:
    """Say that two arguments are exchanged, and what to do."""
    return (
        f"It computes exactly what {reference} does with {one} and {other} exchanged: look where each of the two is "
        f"passed on, and pass them by name."
    )
