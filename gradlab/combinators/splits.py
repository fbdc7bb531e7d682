"""Where the direction of a chain has departed from its gradient: for all leaves, for none, or leaf by leaf."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import jax

from ..core.base import Transformation, find_transformations, splits_gradient
from ..core.boundary import PyTree
from ..core.composites import Composite, Place, open_value, walk
from ..core.transformation_calls import signals_of

Split: TypeAlias = bool | tuple[bool, ...]  # one answer for each leaf where they differ


def find_split(link: Any, tree: PyTree) -> Split:
    """Return for which leaves of a tree a link turns the gradient into a direction.

    A partition may do so for some leaves, and so may what holds it, such as `store`.
    """
    if not splits_gradient(link):
        return False
    if not isinstance(link, Transformation):
        return True
    parts, decides = link.core.parts(), link.factory.splits_gradient
    if isinstance(parts, Composite) and parts.splits:
        return parts.splits(tree)
    deciding = list(link.links) if link.links != (link,) else []
    if not deciding and isinstance(decides, str):
        deciding = find_transformations([link.arguments[name] for name in decides.split()])
    if not deciding:
        return True
    return functools.reduce(join_splits, (find_split(tx, tree) for tx in deciding))


def join_splits(one: Split, other: Split) -> Split:
    """Return for which leaves either of two links splits the gradient from the direction."""
    if isinstance(one, bool):
        return one or other
    if isinstance(other, bool):
        return other or one
    return tuple(here or there for here, there in zip(one, other, strict=True))


def keep_gradient(split: Split, gradient: PyTree, direction: PyTree) -> PyTree:
    """Return the gradient of a chain: what it was where it is split from the direction, and the direction elsewhere."""
    if isinstance(split, bool):
        return gradient if split else direction
    structure: Any = jax.tree.structure(direction)
    kept = zip(split, jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    return structure.unflatten([before if is_split else now for is_split, before, now in kept])


# Links that name the gradient and compute nothing of the direction from it.
_OBSERVERS = frozenset({"probe", "majority_vote", "one_bit_mean"})


def require_known_gradient(links: tuple[Any, ...]) -> None:
    """Raise ValueError if a link reads the gradient of its chain, which one within a wrapper before it has changed.

    A link before the split, such as clipping, changes the gradient for all that follow. From within a wrapper only the
    direction comes out, so what follows would read the gradient as it was before.
    """
    for position, link in enumerate(links):
        readers = [later for later in links[position + 1 :] if _computes_with_gradient(later)]
        changing = _find_hidden_change(link, within=False) if readers else None
        if changing is not None:
            outer, reader = link.factory.name, readers[0].factory.name
            raise ValueError(
                f"{reader} reads the gradient of the chain, but {changing} within {outer} has changed it, and {outer} "
                f"hands on the direction alone. Put {changing} in front of {outer}, or put {reader} inside {outer}, too"
                if changing != outer
                else f"{reader} reads the gradient of the chain, which {outer} changes, but {outer} hands on the "
                f"direction alone; put {reader} inside {outer}, too"
            )


def _computes_with_gradient(link: Any) -> bool:
    if not isinstance(link, Transformation) or "grads" not in signals_of(link):
        return False
    return any(map(_reads_it_itself, walk(link)))


def _reads_it_itself(place: Place) -> bool:
    """Return whether a transformation computes with the gradient itself, and not only what it holds."""
    if place.parts is None or not isinstance(place.tx, Transformation) or place.tx.factory.name in _OBSERVERS:
        return False
    return "grads" in (place.parts.reads if isinstance(place.parts, Composite) else signals_of(place.tx))


def _find_hidden_change(link: Any, within: bool) -> str | None:
    """Return the name of what changes the gradient of a chain before a link within a wrapper splits it, or None."""
    if not splits_gradient(link) or not isinstance(link, Transformation):
        return None
    parts = open_value(link)[0]
    if isinstance(parts, Transformation):
        return _find_hidden_change(parts, within)
    if not isinstance(parts, Composite) or parts.gradient == "own":
        return None
    if parts.gradient == "changed":
        return link.factory.name
    links = getattr(parts, "links", None)
    if links is None:
        held = parts.inner.values() or find_transformations(list(link.arguments.values()))
        return next(filter(None, (_find_hidden_change(inner, True) for inner in held)), None)
    for inner in links:
        if splits_gradient(inner):
            return _find_hidden_change(inner, within)
        if within and _changes(inner):
            return inner.factory.name
    return None


def _changes(link: Any) -> bool:
    return link.factory.name not in _OBSERVERS and link.links != ()
