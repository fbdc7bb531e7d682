"""Conditions: hyperparameters that exist only where others have certain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .ranges import SearchSpaceError


@dataclass(frozen=True, init=False)
class When:
    """An axis that exists only where other hyperparameters have certain values.

        {"nesterov": [False, True], "momentum": When(Linear(0.5, 0.99, 5), nesterov=True)}

    Each condition is a value, or a list of values, of another hyperparameter of the same study. Where the conditions do
    not hold, the optimizer is made without this hyperparameter, so with its default. Raises SearchSpaceError (a
    ValueError) without a condition.

    >>> gl.lab.When(gl.lab.Linear(0.5, 0.9, 3), nesterov=True)
    When(axis=Linear(low=0.5, high=0.9, count=3), conditions={'nesterov': (True,)})
    """

    axis: Any
    conditions: Mapping[str, tuple[Any, ...]]

    def __init__(self, axis: Any, /, **conditions: Any):
        if not conditions:
            raise SearchSpaceError("When needs a condition, such as When(Linear(0.5, 0.99, 5), nesterov=True)")
        tuples = {
            name: tuple(values) if isinstance(values, (list, tuple)) else (values,)
            for name, values in conditions.items()
        }
        object.__setattr__(self, "axis", axis)
        object.__setattr__(self, "conditions", tuples)


def order_by_conditions(conditions: Mapping[str, Mapping[str, Any]], names: list[str]) -> list[str]:
    """Return the names so that each comes after those that its conditions read.

    Raises SearchSpaceError for a condition on a hyperparameter that is not there, or that depends on itself.
    """
    ordered: list[str] = []
    for name, read in conditions.items():
        for other in read:
            if other not in names:
                raise SearchSpaceError(
                    f"{name} depends on {other}, which is not in this study; give {other} its values, or leave the "
                    f"condition out"
                )
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if set(conditions.get(name, ())) <= set(ordered)]
        if not ready:
            raise SearchSpaceError(f"the conditions of {' and '.join(waiting)} go round in a circle; leave one out")
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return ordered
