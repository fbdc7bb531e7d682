"""Checks of the arguments of the laboratory's functions: whole numbers.

NumPy is imported inside a function, because the command line imports this module to show its help.
"""

from __future__ import annotations

import operator
from typing import Any, Literal, TypeAlias

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
