"""Parts of a state: the inner states and the averages that a wrapper keeps there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from ...core.tree_differences import have_same_structure


def find_parts(state: Any, like: Any) -> Iterator[tuple[str, Any]]:
    """Yield each part of a state that has the structure and the shapes of another tree, with its path as text."""
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(like)]
    for path, part in walk(state):
        if have_same_structure(part, like) and [jnp.shape(leaf) for leaf in jax.tree.leaves(part)] == shapes:
            yield path, part


def walk(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield a tree and all its parts, from the root to the leaves, with their paths as text."""
    yield jax.tree_util.keystr(path), tree
    children, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=lambda node: node is not tree)
    for keys, child in children:
        if keys:
            yield from walk(child, (*path, *keys))
