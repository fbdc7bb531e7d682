"""The parameters of problems: what their values may be, and the sentences in which they stand."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any


def require_sizes(problem: Any, *names: str, least: int = 1) -> None:
    """Raise ValueError unless each of the parameters `names` of a problem is a whole number of at least `least`."""
    for name in names:
        value = getattr(problem, name)
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")


def require_finite(problem: Any, *names: str, least: float = -math.inf, above: float = -math.inf) -> None:
    """Raise ValueError unless each parameter is a finite number, of at least `least`, and above `above`."""
    bound = f" above {above:g}" if above > -math.inf else f" of at least {least:g}" if least > -math.inf else ""
    for name in names:
        value = getattr(problem, name)
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not (is_number and math.isfinite(value) and value >= least and value > above):
            raise ValueError(f"{name} must be a finite number{bound}, got {value!r}")


class _Summary:
    """The summary of a problem, which names the values of its parameters: of a class, their defaults."""

    def __init__(self, describe: Callable[[Any], str]):
        self.describe = describe

    def __get__(self, problem: Any, kind: type) -> str:
        return self.describe(kind if problem is None else problem)


def summary_of(describe: Callable[[Any], str]) -> Any:
    """Return a `summary` that is computed from the parameters of each problem.

    >>> from gradlab.lab.problems.landscapes.ravine import Ravine
    >>> Ravine.summary.split(":")[0], Ravine(steepness=200.0).summary.split(":")[0]
    ('A valley 50 times steeper across than along', 'A valley 200 times steeper across than along')
    """
    return _Summary(describe)
