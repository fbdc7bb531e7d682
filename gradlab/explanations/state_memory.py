"""The memory of a state, in words."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..core.boundary import PyTree

MATRIX = jax.ShapeDtypeStruct((64, 64), jnp.float32)  # to tell state for each row or column from that for each element


def describe_state_memory(tx: Any, params: PyTree = None) -> str:
    """Describe how much state a transformation keeps for some parameters, by default for a matrix in float32.

    It depends on shapes and dtypes only. Raises what `tx.init(params)` raises.
    """
    tree = jax.eval_shape(lambda tree: tree, MATRIX if params is None else params)
    leaves = jax.tree.leaves(tree)
    state = jax.tree.leaves(jax.eval_shape(tx.init, tree))
    if not state:
        return "none"
    if len(leaves) == 1:
        return _describe_for_one(leaves[0], state)
    count, size = sum(leaf.size for leaf in leaves), sum(array.size * array.dtype.itemsize for array in state)
    return f"{size:,} bytes for {count:,} parameters, {size / count:.3g} for each"


def _describe_for_one(leaf: Any, state: list[Any]) -> str:
    count = leaf.size
    full = sum(array.dtype.itemsize for array in state if array.size == count)
    rest = sum(array.size * array.dtype.itemsize for array in state if array.size != count)
    arrays = sum(array.size == count for array in state)
    if not arrays:
        return f"{rest} bytes, in no array of the shape of the parameters"
    copies = f"{full} bytes for each parameter ({arrays} array{'s' * (arrays != 1)} of its shape)"
    return copies + (f", and {rest} more bytes" if rest else "")
