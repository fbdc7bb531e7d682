"""The division of a batch into micro-batches."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def split_batch(batch: Any, count: int, shards: int = 1) -> Any:
    """Return a batch as micro-batches along a new first axis: leaves [n, ...] become [count, n / count, ...].

    `shards` is the number of devices that the first axis is spread over. Each device then divides the rows that it has,
    so none of them moves. A single random key becomes one key for each micro-batch.

    Raises ValueError, naming the path, for a leaf whose first axis cannot be divided, or that has none.
    """
    parts = count * shards

    def split(path: Any, leaf: Any) -> Any:
        if jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key) and not leaf.ndim:
            return jax.random.split(leaf, count)
        shape = jnp.shape(leaf)
        if not shape or shape[0] % parts:
            over = f" on {shards} devices" if shards > 1 else ""
            came = f"has {shape[0]} rows" if shape else "is a scalar"
            raise ValueError(
                f"a batch is divided into {count} micro-batches{over} along the first axis of every leaf, but "
                f"{jax.tree_util.keystr(path) or 'the batch'} {came}. Pass a number of rows that {parts} divides, and "
                f"let the loss take from elsewhere what has no rows"
            )
        rows = jnp.reshape(leaf, (shards, count, shape[0] // parts, *shape[1:]))
        return jnp.reshape(jnp.swapaxes(rows, 0, 1), (count, shape[0] // count, *shape[1:]))

    return jax.tree_util.tree_map_with_path(split, batch)
