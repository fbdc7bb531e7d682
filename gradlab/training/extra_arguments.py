"""The extra arguments of a step, which reach the links that read them. What a loss needs belongs in the batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import optax

from ..core.composites import Composite, Place, walk
from ..core.transformation_calls import signals_of
from ..remedies.argument_names import ask_about, find_meant
from ..values.factories import name_of_maker, read_parameters
from ..values.value import Value

_PASSED = ("grads", "value", "grad", "value_fn", "gradient_fn", "loss_scale", "weight")  # what a step passes by itself
_OPTIONS = ("has_aux", "micro_batches", "weight", "trainable", "mesh", "data_axis", "donate")  # of make_step


def require_read(tx: Any, given: Collection[str], loss: Callable[..., Any]) -> None:
    """Raise TypeError for an extra argument of a step that the step passes by itself, or that no link reads.

    If one that nothing reads were dropped, such as a random key for the loss, nobody would notice.
    """
    if own := sorted(set(_PASSED).intersection(given)):
        option = " here, and let make_step(loss, weight=...) compute it of a batch" if "weight" in own else ""
        raise TypeError(f"the step passes {', '.join(own)} to the optimizer itself; leave it out{option}")
    unread = [name for name in given if name not in signals_of(tx)]
    if unread and not _may_read_others(tx):
        readable = sorted(signals_of(tx) - {"params", *_PASSED})
        name = tx.factory.name if isinstance(tx, Value) else name_of_maker(tx.update)
        raise TypeError(f"step: no link of {name} reads {unread[0]}{_find_remedy(unread[0], readable, loss)}")


def ask_for_batch(loss: Callable[..., Any]) -> str:
    """Return where the arguments of a loss behind its first two belong, after a full stop; "" if all have defaults."""
    parameters = [p for p in read_parameters(loss).values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    further = [p.name for p in parameters[2:] if p.default is inspect.Parameter.empty]
    return f". {_put_into_batch(parameters[1].name, *further)}" if further else ""


def _find_remedy(name: str, readable: Collection[str], loss: Callable[..., Any]) -> str:
    """Return what to do with an extra argument that no link reads, after a semicolon or a full stop."""
    parameters = read_parameters(loss)
    if name in parameters:
        return f". {_put_into_batch('batch', name)}"
    if meant := find_meant(name, readable):
        return f"; {ask_about(meant)}"
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return f". {_put_into_batch('batch', name)}"
    if meant := find_meant(name, _OPTIONS):
        return f"; {meant[0]} is an option of make_step(loss, {meant[0]}=...)"
    return f"; its links read {' and '.join(readable) or 'no extra arguments'}"


def _put_into_batch(batch: str, *others: str) -> str:
    together = ", ".join(["data" if batch == "batch" else batch, *others])
    return f"The loss receives the parameters and the batch alone; put the rest into the batch: batch = ({together})"


def _may_read_others(tx: Any) -> bool:
    """Return whether a transformation may read extra arguments of other names than it tells.

    One of optax that takes `**extra_args` may, and so may a link of a user's own that takes `**extra`.
    """
    if not isinstance(tx, Value):
        return isinstance(tx, optax.GradientTransformationExtraArgs)
    return bool(tx.core.recall("reads others", lambda parts: any(map(_takes_any, walk(tx)))))


def _takes_any(place: Place) -> bool:
    if not isinstance(place.tx, Value):
        return _may_read_others(place.tx)
    if isinstance(place.parts, Composite):
        return place.parts.reads_unknown
    parameters = {} if place.parts is None else read_parameters(place.parts[1])
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
