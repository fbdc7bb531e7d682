"""Errors that say which arguments of a function of states came in the places of others.

The functions do not agree on one order: what reads a state takes it before the parameters, and what makes one after.
"""

from __future__ import annotations

from typing import Any

import jax
import optax

from ..core.base import Transformation
from ..core.tree_differences import describe_tree, find_difference

_ORDINALS = ("first", "second", "third", "fourth")


def require_optimizer_first(call: str, tx: Any, *others: Any) -> None:
    """Raise TypeError unless a transformation of gradlab comes first, and no other one.

    `call` names all arguments, as in `state_to_dict(tx, state, params)`.
    """
    if not isinstance(tx, Transformation):
        raise TypeError(
            f"{call} takes a transformation of gradlab first, such as adam(); got {show_arguments(tx, *others)}"
        )
    names = call.partition("(")[2].rstrip(")").split(", ")
    for place, other in enumerate(others, 1):
        if isinstance(other, optax.GradientTransformation):
            library = "gradlab" if isinstance(other, Transformation) else "optax"
            raise TypeError(f"{call}: the {_ORDINALS[place]} argument is {names[place]}; got an optimizer of {library}")


def show_arguments(tx: Any, *others: Any) -> str:
    """Return the arguments of a call that takes a transformation first, where none came first, and the remedy."""
    arguments = (tx, *others)
    places = [place for place, argument in enumerate(arguments) if isinstance(argument, Transformation)]
    remedy = ""
    if places:
        remedy = f"; the optimizer came {_ORDINALS[places[0]]}, put it first"
    elif isinstance(tx, optax.GradientTransformation):
        remedy = "; gl.transformation(...) makes one of a factory of optax"
    elif callable(tx):
        remedy = f"; call it: {getattr(tx, '__name__', type(tx).__name__)}(...)"
    return f"{', '.join(map(_describe, arguments))}{remedy}"


def refuse_exchanged(call: str, tx: Transformation, params: Any, state: Any) -> None:
    """Raise TypeError if the state is that of the parameters only with the two exchanged. Nothing is computed."""
    if not _is_state_of(tx, params, state) and _is_state_of(tx, state, params):
        raise_exchanged(call, "params", params, "state", state)


def raise_exchanged(call: str, one: str, first: Any, other: str, second: Any) -> None:
    """Raise TypeError for two arguments, by their names in the call, that came in each other's place."""
    raise TypeError(
        f"{call}: {one} and {other} look exchanged; got {_describe(first)} as {one}, and {_describe(second)} as {other}"
    )


def _is_state_of(tx: Transformation, params: Any, state: Any) -> bool:
    try:
        return find_difference(jax.eval_shape(tx.init, params), state) is None
    except Exception:  # whatever a factory raises for parameters that are none
        return False


def _describe(argument: Any) -> str:
    """Return the class of an argument with its first keys or classes, such as `a dict of bias, kernel`."""
    if isinstance(argument, Transformation):
        return f"{argument.factory.name}(...)"
    if hasattr(argument, "dtype") and hasattr(argument, "shape"):
        return describe_tree(argument)
    kind = type(argument).__name__
    inside = list(argument) if isinstance(argument, dict) else []
    if isinstance(argument, tuple | list) and not hasattr(argument, "_fields"):
        inside = [type(part).__name__ for part in argument]
    listed = ", ".join(map(str, inside[:3])) + ", ..." * (len(inside) > 3)
    article = "an" if kind[:1] in "AEIOUaeiou" else "a"
    return f"{article} {kind}" + (f" of {listed}" if listed else "")
