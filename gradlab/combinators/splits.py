"""Where the direction of a chain has departed from its gradient: for all leaves, for none, or leaf by leaf."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax

from ..base import Transformation, splits_gradient
from ..boundary import PyTree
from ..composites import Composite

Split: TypeAlias = bool | tuple[bool, ...]  # one answer for each leaf where they differ


def find_split(link: Any, tree: PyTree) -> Split:
    """Return for which leaves of a tree a link turns the gradient into a direction.

    A partition may do so for some leaves. What holds a partition, but for recipes and chains, does so for all.
    """
    if not splits_gradient(link):
        return False
    if not isinstance(link, Transformation):
        return True
    if link.links != (link,):
        split: Split = False
        for part in link.links:
            split = join_splits(split, find_split(part, tree))
        return split
    parts = link.core.parts()
    return parts.splits(tree) if isinstance(parts, Composite) and parts.splits else True


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
    leaves, structure = jax.tree.flatten(direction)
    kept = zip(split, jax.tree.leaves(gradient), leaves, strict=True)
    return structure.unflatten([before if is_split else now for is_split, before, now in kept])
