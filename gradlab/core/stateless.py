"""The `(init, update)` pairs of links without state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax

from ..arithmetic.leaf_maps import map_by_shape
from .boundary import PyTree


def map_leaves(function: Callable[[jax.Array], jax.Array]) -> tuple[Any, Any]:
    """Return the pair that applies a function to every leaf."""
    return map_tree(lambda updates: map_by_shape(function, updates))


def map_tree(function: Callable[[PyTree], PyTree]) -> tuple[Any, Any]:
    """Return the pair that applies a function to the whole tree."""

    def update(updates: PyTree, state: PyTree) -> tuple[PyTree, PyTree]:
        require_empty(state)
        return function(updates), state

    return init_empty, update


def init_empty(params: PyTree) -> PyTree:
    """Return the state of a link without state."""
    return optax.EmptyState()


def require_empty(state: PyTree) -> None:
    """Raise ValueError for a state that holds arrays, because it is that of another transformation."""
    if jax.tree.leaves(state):
        raise ValueError(
            "this link has no state, but got one that holds arrays; pass the state that init(params) returned"
        )
