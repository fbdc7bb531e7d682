"""Copies of arrays that would be donated twice, or that something else still needs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def copy_shared(donated: Any, others: Any) -> Any:
    """Return the arrays to donate, with a copy of each that shares its memory with another array.

    Raises RuntimeError for an array that is deleted.
    """
    seen = {_find_memory(leaf) for leaf in jax.tree.leaves(others)}

    def own(leaf: Any) -> Any:
        memory = _find_memory(leaf)
        if memory is not None and memory in seen:
            return jnp.copy(leaf)
        seen.add(memory)
        return leaf

    return jax.tree.map(own, donated)


def _find_memory(leaf: Any) -> int | None:
    """Return the address of an array, which several arrays may share, or None if it cannot be donated."""
    try:
        return leaf.unsafe_buffer_pointer() if 0 not in leaf.shape else None
    except (AttributeError, RuntimeError, ValueError):  # not an array, a tracer, deleted, a key, or on several devices
        if not isinstance(leaf, jax.Array) or isinstance(leaf, jax.core.Tracer):
            return None
        if leaf.is_deleted():
            raise
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return _find_memory(jax.random.key_data(leaf))
    return leaf.addressable_data(0).unsafe_buffer_pointer()
