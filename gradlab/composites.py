"""Composites: transformations that hold others, and a walk through all that a transformation holds.

A combinator returns a `Composite` in the place of an `(init, update)` pair. So whatever looks into a transformation, to
read its hyperparameters, its points or its counters, finds the inner transformations and their states.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .values import Value


class Composite(NamedTuple):
    """The two functions of a transformation that holds others, and how to find those and their states.

    `update` names `grads` to receive the gradient of the chain. It is None as long as that is the direction itself, and
    is then left out of what the inner transformations are handed, too.
    """

    init: Callable[..., Any]
    update: Callable[..., Any]
    inner: Mapping[str, Any]  # the transformations that it holds, by name
    states: Callable[[Any], Mapping[str, Any]]  # its state taken apart, by the same names
    reads: frozenset[str] = frozenset()  # the signals that `update` itself reads, beside handing them on
    # The points at which the model is evaluated and its gradient is taken: functions of (state, params), or None for
    # those of the inner transformations, in their order.
    eval_params: Callable[[Any, Any], Any] | None = None
    gradient_params: Callable[[Any, Any], Any] | None = None


READS_GRADIENT = frozenset({"grads"})  # the `reads` of a composite that measures the gradient of the chain


class Place(NamedTuple):
    """A transformation within another, with its state."""

    path: tuple[str, ...]  # the names on the way to it
    tx: Any
    state: Any  # its own; None if no state was given
    step: Any  # at which its schedules are evaluated, int32 scalar; None if it has no schedules or there is no state
    parts: Any  # the pair, or the `Composite`, that its factory returns; None for a transformation of another library


def walk(tx: Any, state: Any = None, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Yield every transformation within one, with its state: itself first, then what it holds, in order.

    Recipes yield themselves, and then what they compose, under the same path. A transformation of another library is
    yielded, but not what it holds.
    """
    if not isinstance(tx, Value):
        yield Place(path, tx, state, None, None)
        return
    core: Any = tx.core  # type: ignore[attr-defined]
    parts, step, own = core.parts(), None, state
    if parts is None:
        step, own = (None, None) if state is None else state
        parts = core.parts_at(0 if step is None else step)
    yield Place(path, tx, state, step, None if isinstance(parts, Value) else parts)
    if isinstance(parts, Value):
        yield from walk(parts, own, path)
    elif isinstance(parts, Composite):
        states = {} if own is None else parts.states(own)
        for name, inner in parts.inner.items():
            yield from walk(inner, states.get(name), (*path, name))


def name_each(links: Iterable[Any]) -> tuple[str, ...]:
    """Return a name for each of several transformations, that of its factory, with a number from the second one on."""
    names: list[str] = []
    for link in links:
        name = link.factory.name if isinstance(link, Value) else _name_of_other(link)
        numbered = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
        names.append(next(name for name in numbered if name not in names))
    return tuple(names)


def _name_of_other(link: Any) -> str:
    """Return the name of the function that made a transformation of another library."""
    return getattr(link.update, "__qualname__", "optax").split(".")[0]
