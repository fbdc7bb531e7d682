"""The hyperparameters that `optax.inject_hyperparams` keeps in a state, compared with those of an optimizer here."""

from __future__ import annotations

import math
from collections.abc import Iterable

import jax
import numpy as np

from ..core.base import Transformation
from ..values.numeric_arguments import is_schedule
from .foreign_arrays import ForeignArray
from .hyperparameters import hyperparameters

_MARK = ":hyperparams:"


def compare_hyperparameters(
    tx: Transformation, found: Iterable[ForeignArray]
) -> tuple[list[ForeignArray], tuple[str, ...]]:
    """Return the arrays, marked as needed no longer where the optimizer has the value, and what has another value.

    One that is a schedule here, or that the optimizer does not have, stays as it is, unless it is 0 and does nothing.
    """
    here = hyperparameters(tx)
    compared, differences = [], []
    for array in found:
        name = array.name.partition(_MARK)[2]
        if name and np.ndim(array.value) == 0 and not isinstance(array.value, jax.core.Tracer):
            had = float(array.value)
            paths = [path for path in here if path == name or path.endswith(f"/{name}")]
            if not paths and had == 0:
                array = array._replace(reason="it is a hyperparameter that is 0", is_needed=False)
            elif paths and not any(is_schedule(here[path]) or np.ndim(here[path]) for path in paths):
                other = [path for path in paths if not math.isclose(float(here[path]), had, rel_tol=1e-6)]
                array = array._replace(reason="it is an argument of the optimizer", is_needed=False)
                differences += [
                    f"the state has {name}={had:.6g}, and {path} is {float(here[path]):.6g} here; pass "
                    f"{name}={had:.6g} to go on as before"
                    for path in other[: len(other) == len(paths)]
                ]
        compared.append(array)
    return compared, tuple(differences)
