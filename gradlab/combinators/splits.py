"""Where the direction of a chain has departed from its gradient: for all leaves, for none, or leaf by leaf."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import jax

from ..base import Transformation, find_transformations, splits_gradient
from ..boundary import PyTree
from ..composites import Composite

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
