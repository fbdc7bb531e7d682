"""Checks of the arguments of the laboratory's functions: whole numbers, and names that exist.

NumPy is imported inside a function, because the command line imports this module to show its help.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias, TypeVar

from .name_lookup import suggest_name

F = TypeVar("F", bound=Callable[..., Any])
Sampler: TypeAlias = Literal["sobol", "halton", "latin_hypercube", "random"]
SearchSampler: TypeAlias = Literal["tpe", "sobol", "hypergradient"]


def is_whole_number(value: Any) -> bool:
    """Return whether a value is an integer of Python or NumPy, and not a boolean."""
    import numpy as np

    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def require_whole_number(name: str, value: Any, least: int = 1) -> None:
    """Raise TypeError for a value that is not a whole number, and ValueError for a number below `least`."""
    if not is_whole_number(value):
        raise TypeError(f"{name} must be a whole number, at least {least}; got {type(value).__name__}: {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def require_known_arguments(function: str, arguments: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for the name of an argument that a function does not have. The message suggests a similar one."""
    names = list(known)
    for name in arguments:
        if name not in names:
            suggestion = suggest_name(name, names) or f"its options are {', '.join(names)}"
            raise TypeError(f"{function} has no argument {name!r}; {suggestion}")


def suggest_arguments(function: F) -> F:
    """Return the function with a check: a TypeError for an unknown keyword argument names the one that was meant."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require_known_arguments(function.__name__, kwargs, names)
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]
