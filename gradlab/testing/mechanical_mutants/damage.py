"""Two kinds of damage that an edited source does to trees of arrays, by calling a function of this module."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def through_half(tree: Any) -> Any:
    """Return a tree with every number rounded to bfloat16, in the dtypes that the tree has. Keys stay what they are."""

    def one(leaf: Any) -> Any:
        leaf = jnp.asarray(leaf)
        if jnp.iscomplexobj(leaf):
            return jax.lax.complex(one(leaf.real), one(leaf.imag))
        if not jnp.issubdtype(leaf.dtype, jnp.number):
            return leaf
        return leaf.astype(jnp.bfloat16).astype(leaf.dtype)

    return jax.tree.map(one, tree)


def exchange_leaves(tree: Any) -> Any:
    """Return a tree with the first two leaves of equal shape and dtype exchanged. Other trees are returned as is."""
    leaves, structure = jax.tree.flatten(tree)
    seen: dict[Any, int] = {}
    for position, leaf in enumerate(leaves):
        kind = (jnp.shape(leaf), jnp.result_type(leaf))
        if kind in seen and jnp.size(leaf):
            leaves[seen[kind]], leaves[position] = leaf, leaves[seen[kind]]
            break
        seen.setdefault(kind, position)
    return jax.tree.unflatten(structure, leaves)
