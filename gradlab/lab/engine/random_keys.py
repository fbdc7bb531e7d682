"""Random keys as plain arrays of their data, which can be sliced, sent and stored, and back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..problems.base import PyTree


def unwrap_keys(tree: PyTree) -> PyTree:
    """The tree with the data of random keys in their place: what can be sliced, sent and stored as plain arrays."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, tree)


def wrap_keys(tree: PyTree, like: PyTree) -> PyTree:
    """Undo `raw`: the random keys are those of `like`."""

    def restore(leaf: Any, original: Any) -> Any:
        if not _is_key(original):
            return leaf
        # A shape has no implementation of its own to ask for, but an array of its dtype has.
        return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(jnp.empty((), original.dtype)))

    return jax.tree.map(restore, tree, like)


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
