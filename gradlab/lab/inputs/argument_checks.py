"""Arguments of the laboratory's functions: whole numbers, and names that are spelled right.

NumPy is imported inside, because the command line imports this module to show its help.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

from .name_lookup import suggest_name

F = TypeVar("F", bound=Callable[..., Any])
Sampler: TypeAlias = Literal["sobol", "halton", "latin_hypercube", "random"]


def is_whole_number(value: Any) -> bool:
    """Whether a value is an integer of Python or NumPy, and no truth value."""
    import numpy as np

    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def require_whole_number(name: str, value: Any, least: int = 1) -> None:
    """Raise TypeError for what is no whole number, and ValueError for one below the least."""
    if not is_whole_number(value):
        raise TypeError(f"{name} must be a whole number, at least {least}; got {type(value).__name__}: {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def require_known_arguments(function: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise TypeError for keyword arguments that a function does not have, with the one that was meant perhaps."""
    names = list(known)
    for name in given:
        if name not in names:
            guess = suggest_name(name, names) or f"its options are {', '.join(names)}"
            raise TypeError(f"{function} has no argument {name!r}; {guess}")


def suggesting(function: F) -> F:
    """Return the function with a check: a TypeError for an unknown keyword argument names the one that was meant."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require_known_arguments(function.__name__, kwargs, names)
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]
