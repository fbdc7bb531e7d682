"""Conversion of random keys to plain arrays, which can be sliced, sent and stored, and back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..problems.base import PyTree


def unwrap_keys(tree: PyTree) -> PyTree:
    """Return the tree with each array of random keys replaced by its key data, an array of integers."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, tree)


def wrap_keys(tree: PyTree, like: PyTree) -> PyTree:
    """Undo `unwrap_keys`. Where `like` has random keys, key data become keys of the same implementation."""

    def restore(leaf: Any, original: Any) -> Any:
        if not _is_key(original):
            return leaf
        # `original` may be a shape, which has no implementation to ask for. An empty array of its dtype has one.
        return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(jnp.empty((), original.dtype)))

    return jax.tree.map(restore, tree, like)


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
