"""The states of the transformations among the arguments of another one, as its state holds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..combinators.chain import Chain
from ..core.base import Transformation
from ..core.composites import Composite, open_value, walk
from ..core.nested_arguments import Child, children_of


def find_states(tx: Transformation, state: Any) -> list[tuple[Child, Any]]:
    """Return the transformations among the arguments of one, each with its state, or None where that is not known.

    `walk` lists what a transformation runs, which for a chain are its links with recipes opened. This lists what a user
    wrote.
    """
    children = [child for child in children_of(tx) if isinstance(child.value, Transformation)]
    if state is None or not children:
        return [(child, None) for child in children]
    parts, _, own = open_value(tx, state)
    if isinstance(parts, Chain):
        links = tx.arguments["links"]
        states = dict(zip(range(len(links)), _divide(links, own), strict=True))
        return [(child, states[child.position]) for child in children]
    if isinstance(parts, Transformation):
        held = list(_find_all(parts, own))
    elif isinstance(parts, Composite):
        by_name = parts.states(own)
        held = [(inner, by_name.get(name)) for name, inner in parts.inner.items()]
    else:
        held = []
    return [(child, _take(child.value, held)) for child in children]


def require_own_state(tx: Transformation, state: Any) -> None:
    """Raise ValueError if a state cannot be taken apart as that of a transformation."""
    try:
        list(walk(tx, state))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"this state is not one of {tx!r}: pass the state that its init(params) or its last update returned"
        ) from error


def _divide(links: tuple[Any, ...], state: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the state of each link of a chain, from the states of all links with recipes opened."""
    start = 0
    for link in links:
        count = len(link.links) if isinstance(link, Transformation) else 1
        part, start = state[start : start + count], start + count
        yield part if _is_chain(link) else part[0]


def _is_chain(link: Any) -> bool:
    parts = link
    while isinstance(parts, Transformation):
        parts = parts.core.parts()
    return isinstance(parts, Chain)


def _find_all(tx: Transformation, state: Any) -> Iterator[tuple[Any, Any]]:
    for child, inner in find_states(tx, state):
        yield child.value, inner
        yield from _find_all(child.value, inner)


def _take(value: Any, held: list[tuple[Any, Any]]) -> Any:
    """Remove the state of a transformation from a list, and return it; None if the transformation is not in there."""
    same = [position for position, (inner, _) in enumerate(held) if inner is value]
    equal = same or [position for position, (inner, _) in enumerate(held) if inner == value]
    return held.pop(equal[0])[1] if equal else None
