"""Arrays that are donated: those that share memory are copied before, and those that are deleted after it are named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

PyTree: TypeAlias = Any


def copy_shared_arrays(tree: PyTree, original: PyTree) -> PyTree:
    """Copy each array that a tree shares with another tree, or holds twice, so that both trees can be donated."""
    seen = {id(leaf) for leaf in jax.tree.leaves(original)}

    def own(leaf: Any) -> Any:
        if id(leaf) in seen and hasattr(leaf, "dtype"):
            return jnp.copy(leaf)
        seen.add(id(leaf))
        return leaf

    return jax.tree.map(own, tree)


def require_kept(call: str, **trees: PyTree) -> None:
    """Raise ValueError, naming its place, for an array in some trees that is deleted because it was donated."""
    for name, tree in trees.items():
        # An iterator, which a step may get as its batch, is a leaf here, because JAX warns of it otherwise.
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: isinstance(node, Iterator)):
            if isinstance(leaf, jax.Array) and not isinstance(leaf, jax.core.Tracer) and leaf.is_deleted():
                raise ValueError(
                    f"{call}: the array {name}{jax.tree_util.keystr(path)} is deleted, because an earlier step "
                    f"received it and updated it in place. Go on with what that step returned, params, state, loss = "
                    f"step(tx, params, state, batch), or keep the arrays by make_step(loss, donate=False)"
                )
