"""Mutants that take the dtype of one leaf for all, or count once for each dtype."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@breaks("mixed dtypes", of=_OF, mistake="the momentum of every leaf has the dtype of the first one")
def dtype_of_the_first_leaf():
    def init(params):
        zeros(params)
        dtypes = [leaf.dtype for leaf in jax.tree.leaves(params)]
        return {"m": jax.tree.map(lambda p: jnp.zeros(p.shape, dtypes[0]), params)}

    def update(updates, state, params=None):
        require_same_trees(updates, state["m"], "the updates", "the state")
        m = jax.tree.map(lambda m, g: (0.9 * m + g.astype(m.dtype)).astype(m.dtype), state["m"], updates)
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(init, update)


@breaks(
    "mixed dtypes",
    of=_OF,
    mistake="the steps are counted once for each dtype in the tree",
    source="DeepSpeed, pull request 8471, 2026",
)
def counts_each_dtype():
    right = heavy_ball(rate=1.0)

    def init(params):
        return right.init(params) | {"count": jnp.zeros((), jnp.int32)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        count = state["count"] + len({leaf.dtype for leaf in jax.tree.leaves(updates)})
        rate = 0.1 * (1 - 0.9 ** count.astype(jnp.float32))
        return jax.tree.map(lambda u: u * rate.astype(u.dtype), changed), after | {"count": count}

    return optax.GradientTransformation(init, update)


@breaks(
    "mixed dtypes",
    of="clip_by_global_norm",
    mistake="the squares of all leaves are summed in the narrowest dtype",
    max_norm=1.0,
)
def norm_in_the_narrowest_dtype(max_norm):
    right = heavy_ball()

    def update(updates, state, params=None):
        leaves = jax.tree.leaves(updates)
        if not leaves:
            return right.update(updates, state, params)
        narrow = min((leaf.real.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits)
        squared = sum((((g * g.conj()).real.sum().astype(narrow)) for g in leaves), jnp.zeros((), narrow))
        norm = jnp.sqrt(squared.astype(jnp.float32) + 1e-12)
        g = raise_precision(updates, "the update")
        clipped = jax.tree.map(lambda g: g * jnp.minimum(1, max_norm / norm).astype(g.dtype), g)
        changed, after = right.update(restore_dtypes(clipped, wide(updates, state["m"])), state, params)
        return restore_dtypes(changed, updates), after

    return optax.GradientTransformation(right.init, update)
