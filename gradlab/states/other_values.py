"""Sentences on hyperparameters that have another value in a checkpoint of PyTorch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..core.base import Transformation
from ..values.numeric_arguments import is_schedule
from .hyperparameters import hyperparameters

# The names that a hyperparameter of PyTorch has here, in recipes and flavors.
_NAMES: dict[str, tuple[str, ...]] = {
    "lr": ("learning_rate", "lr"),
    "betas/0": ("b1", "betas/0"),
    "betas/1": ("b2", "betas/1"),
    "weight_decay": ("weight_decay",),
    "momentum": ("momentum",),
    "alpha": ("decay", "alpha"),
    "rho": ("rho", "decay"),
}


def list_other_values(tx: Transformation, groups: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each hyperparameter of the groups of parameters whose value the optimizer has nowhere.

    Schedules are not compared: where they stand in the checkpoint is not known.
    """
    here = hyperparameters(tx)
    for name, known in _NAMES.items():
        theirs = sorted({value for group in groups for value in _read(group, name)})
        paths = [path for path in here if _ends_with_name(path, known)]
        if any(is_schedule(here[path]) for path in paths):
            continue
        ours = sorted({float(here[path]) for path in paths if np.ndim(here[path]) == 0})
        if not ours and name == "weight_decay":
            ours = [0.0]
        other = [value for value in theirs if not any(math.isclose(value, own, rel_tol=1e-6) for own in ours)]
        if not other or not ours:
            continue
        had = " and ".join(f"{value:.6g}" for value in other)
        if not paths:
            yield f"the checkpoint has {name}={had}, and the optimizer here decays no weights; pass one that does"
            continue
        argument = paths[0].removesuffix("/0").removesuffix("/1").rpartition("/")[2]
        hint = f"pass {argument}={had}" if "/" not in name or argument != "betas" else f"pass {had} in betas"
        has = " and ".join(f"{value:.6g}" for value in ours)
        yield f"the checkpoint has {name}={had}, and {paths[0]} is {has} here; {hint} to go on as before"


def _ends_with_name(path: str, known: tuple[str, ...]) -> bool:
    return any(path == name or path.endswith(f"/{name}") for name in known)


def _read(group: Mapping[str, Any], name: str) -> Iterator[float]:
    """Yield the value of a hyperparameter in a group, if it is a number there. `betas/1` is the second of a pair."""
    key, _, index = name.partition("/")
    value = group.get(key)
    if index and isinstance(value, tuple | list):
        value = value[int(index)]
    if value is not None and not isinstance(value, str | tuple | list) and np.ndim(value) == 0:
        yield float(value)
