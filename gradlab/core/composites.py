"""Composites: transformations that hold others, and a walk through all that a transformation holds.

A combinator returns a `Composite` in the place of an `(init, update)` pair. So whatever looks into a transformation, to
read its hyperparameters, its points or its counters, finds the inner transformations and their states.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax

from ..values.factories import name_of_maker
from ..values.value import Value


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
    provides: frozenset[str] = frozenset()  # the signals that it measures and hands on to what it holds
    reads_unknown: bool = False  # it holds a transformation of another library that takes extra arguments of any name
    # The points at which the model is evaluated and its gradient is taken: functions of (state, params), or None for
    # that of the one inner transformation that defines it, which makes the whole step (see `find_point`).
    eval_params: Callable[[Any, Any], Any] | None = None
    gradient_params: Callable[[Any, Any], Any] | None = None
    # What its inner transformations make of the gradient of the chain, until they split it from the direction:
    # "hidden", because it is not handed out; "own", because it is meant for them alone; "changed" by the combinator.
    gradient: str = "hidden"
    # For which leaves of a tree it splits the gradient from the direction: a function of the tree that returns a
    # boolean for each. None if it does so for all leaves or for none, as its factory declares.
    splits: Callable[[Any], Any] | None = None


READS_GRADIENT = frozenset({"grads"})  # the `reads` of a composite that measures the gradient of the chain


class Place(NamedTuple):
    """A transformation within another, with its state."""

    path: tuple[str, ...]  # the names on the way to it
    tx: Any
    state: Any  # its own; None if no state was given
    step: Any  # at which its schedules are evaluated, int32 scalar; None if it has no schedules or there is no state
    parts: Any  # the pair, or the `Composite`, that its factory returns; None for a transformation of another library

    @property
    def name(self) -> str:
        """The name of its factory; "" for a transformation of another library."""
        return self.tx.factory.name if isinstance(self.tx, Value) else ""


def walk(tx: Any, state: Any = None, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Yield every transformation within one, with its state: itself first, then what it holds, in order.

    Recipes yield themselves, and then what they compose, under the same path. A transformation of another library is
    yielded, but not what it holds.
    """
    if not isinstance(tx, Value):
        yield Place(path, tx, state, None, None)
        return
    parts, step, own = open_value(tx, state)
    yield Place(path, tx, state, step, None if isinstance(parts, Value) else parts)
    if isinstance(parts, Value):
        yield from walk(parts, own, path)
    elif isinstance(parts, Composite):
        states = {} if own is None else parts.states(own)
        for name, inner in parts.inner.items():
            yield from walk(inner, states.get(name), (*path, name))


def walk_hidden(tx: Any) -> Iterator[tuple[str, Any]]:
    """Yield what wrappers of other libraries within a transformation hold, each after the name of the wrapper.

    Their states are not known.
    """
    for place in walk(tx):
        if isinstance(place.parts, Composite) and not place.parts.inner:
            for held in place.tx.arguments.get("values", ()):
                if isinstance(held, Value) and hasattr(held, "core"):
                    yield from ((place.tx.factory.name, inner.tx) for inner in walk(held))
                    yield from walk_hidden(held)


POINTS = {
    "eval_params": "the point at which the model is evaluated",
    "gradient_params": "the point at which the gradient is taken",
}


def points_of(tx: Any) -> frozenset[str]:
    """Return which of `POINTS` a transformation defines, it or one within it. None are known of other libraries'."""
    return tx.core.points() if isinstance(tx, Value) else frozenset()


def find_kinds(parts: Any) -> frozenset[str]:
    """Return which of `POINTS` the pair, the composite or the transformation that a factory returns defines."""
    if isinstance(parts, Value):
        return points_of(parts)
    if not isinstance(parts, Composite):
        return frozenset()
    own = frozenset(kind for kind in POINTS if getattr(parts, kind) is not None)
    return own.union(*map(points_of, parts.inner.values()))


def define_points(txs: Iterable[Any], find: Callable[[str, Any, Any], Any]) -> dict[str, Any]:
    """Return the arguments of a `Composite` for the points that the transformations within it define.

    `find(kind, state, params)` finds a point of that kind with `find_point`, where they transform parts of the tree.
    """
    defined = frozenset().union(*map(points_of, txs))
    return {kind: functools.partial(find, kind) for kind in POINTS if kind in defined}


def move_to_point(tx: Any, state: Any, kind: str, params: Any) -> Any:
    """Return a point of a transformation, which is the parameters themselves if it defines none."""
    point = find_point(tx, state, kind)
    return params if point is None else point(params)


def find_point(tx: Any, state: Any, kind: str) -> Callable[[Any], Any] | None:
    """Return the function from the parameters to a point that a transformation defines, or None if they are that point.

    `kind` is one of `POINTS`. The function works inside the boundary, where the leaves of the parameters are arrays of
    at least float32. Raises ValueError if two of the transformations within one define such a point. The function
    raises it if links of a chain change the step after the one that defines the point.
    """
    if kind not in points_of(tx):
        return None
    parts, _, own = open_value(tx, state)
    if isinstance(parts, Value):
        return find_point(parts, own, kind)
    function = getattr(parts, kind)
    if function is not None:
        return functools.partial(function, own)
    states = parts.states(own)
    found = [name for name, inner in parts.inner.items() if kind in points_of(inner)]
    if len(found) > 1:
        raise ValueError(
            f"{' and '.join(found)} each define {POINTS[kind]}, so there would be two; put one inside the other, as in "
            f"average_params(lookahead(tx)), or leave one out"
        )
    point = find_point(parts.inner[found[0]], states[found[0]], kind)
    if point is None or not hasattr(parts, "links"):
        return point
    names = list(parts.inner)
    later = names[names.index(found[0]) + 1 :]

    def find(params: Any) -> Any:
        changing = find_changing_link({name: parts.inner[name] for name in later}, states, params)
        if changing is not None:
            fault = describe_changed_step(found[0], kind, changing)
            raise ValueError(f"{fault}; put {found[0]} last in the chain, or around it")
        return point(params)

    return find


def describe_changed_step(name: str, kind: str, changing: str) -> str:
    """Say that a link with a point of some kind gets another step than the one that it makes."""
    return (
        f"{name} defines {POINTS[kind]} from the step that it makes, but {changing} comes after it and changes this "
        f"step"
    )


def find_changing_link(links: Mapping[str, Any], states: Mapping[str, Any], params: Any) -> str | None:
    """Return the name of the first of some links that hands on other arrays than it receives, or None."""
    return next((name for name, link in links.items() if not _passes(link, states[name], params)), None)


def _passes(link: Any, state: Any, params: Any) -> bool:
    """Return whether a link hands on the very arrays that it receives, as one does that only records."""
    same: list[bool] = []

    def run(updates: Any) -> None:
        if isinstance(link, Value):
            result, _ = link.core.update(updates, state, params, {})
        else:
            result, _ = link.update(updates, state, params)
        handed, received = jax.tree.leaves(result), jax.tree.leaves(updates)
        same.append(len(handed) == len(received) and all(map(operator.is_, handed, received)))

    try:
        jax.eval_shape(run, params)
    except Exception:  # such as one for an extra argument, which only a link that changes something needs
        return False
    return same[0]


def open_value(tx: Any, state: Any = None) -> tuple[Any, Any, Any]:
    """Return what the factory of a value returns, the step of its schedules, and the state without that step.

    Without a state, schedules are evaluated at the first step, and the step is None.
    """
    core = tx.core
    parts, step, own = core.parts(), None, state
    if parts is None:
        step, own = (None, None) if state is None else state
        parts = core.parts_at(0 if step is None else step)
    return parts, step, own


def name_each(links: Iterable[Any]) -> tuple[str, ...]:
    """Return a name for each of several transformations, that of its factory, with a number from the second one on."""
    names: list[str] = []
    for link in links:
        name = link.factory.name if isinstance(link, Value) else name_of_maker(link.update)
        numbered = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
        names.append(next(name for name in numbered if name not in names))
    return tuple(names)
