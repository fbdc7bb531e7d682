"""An `(init, update)` pair, and a name for it, of whatever is given as a transformation."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping
from typing import Any

import optax

from ...core.base import Transformation
from ...core.not_a_transformation import describe_result, require_names
from ...values.value import is_factory
from .own_parameters import adapt_known_parameters


def to_pair(result: Any, label: str) -> optax.GradientTransformation:
    """Return a pair of what a factory returned. Messages call it `label`.

    Raises TypeError if it is none, and ExchangedError if its update takes the state first.
    """
    pair = _read_pair(result, label)
    with contextlib.suppress(ValueError):  # a function without a signature takes what it takes
        require_names(label, pair.update)
    return adapt_known_parameters(pair)


def _read_pair(result: Any, label: str) -> optax.GradientTransformation:
    if isinstance(result, optax.GradientTransformation):
        return result
    if isinstance(result, tuple) and len(result) == 2 and all(map(callable, result)):
        return optax.GradientTransformationExtraArgs(result[0], result[1])
    if is_pair_object(result):
        return optax.GradientTransformationExtraArgs(result.init, result.update)
    is_plain = not (result is None or isinstance(result, list | tuple | type) or inspect.isroutine(result))
    raise TypeError(
        f"{label} must return an (init, update) pair of functions, such as optax.GradientTransformation(init, update); "
        f"it returned {f'{type(result).__name__}: {result!r}' if is_plain else describe_result(result)}"
    )


def is_pair_object(item: Any) -> bool:
    """Return whether this is an instance of a user's class with the methods `init` and `update`."""
    return not (isinstance(item, type) or is_factory(item)) and all(
        callable(getattr(item, name, None)) for name in ("init", "update")
    )


def make_label(tx: Any, arguments: Mapping[str, Any]) -> str:
    """Return the name of a transformation, or of the call of a factory with these arguments."""
    if isinstance(tx, Transformation):
        return repr(tx)
    if isinstance(tx, tuple):
        return getattr(tx[0], "__qualname__", "transformation").split(".")[0] if tx else "()"
    name = getattr(tx, "__name__", type(tx).__name__)
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
