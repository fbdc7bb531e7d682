"""Mutants that pair or share what belongs to single leaves: by order of insertion, by shape, or by a late variable."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


def _list_leaves_as_inserted(tree: Any) -> list[Any]:
    """Return the leaves of nested dicts in the order of insertion, which is not that of JAX."""
    if isinstance(tree, dict):
        return [leaf for child in tree.values() for leaf in _list_leaves_as_inserted(child)]
    return jax.tree.leaves(tree)


@breaks(
    "insertion order",
    of=_OF,
    mistake="parameters are decayed in the order in which their keys were inserted, and gradients sorted",
)
def decays_in_order_of_insertion():
    right = heavy_ball()

    def update(updates, state, params=None):
        structure: Any
        leaves, structure = jax.tree.flatten(wide(updates, state["m"]))
        if params is not None:
            pairs = zip(leaves, _list_leaves_as_inserted(params), strict=True)
            leaves = [g + 0.01 * p.astype(g.dtype) for g, p in pairs]
        changed, after = right.update(structure.unflatten(leaves), state)
        return restore_dtypes(changed, updates), after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "insertion order",
    of=_OF,
    mistake="gradients are taken in the order in which their keys were inserted, and their updates sorted",
)
def updates_in_order_of_insertion():
    def update(updates, state, params=None):
        structure: Any
        moments, structure = jax.tree.flatten(state["m"])
        wide(updates, state["m"])
        leaves = _list_leaves_as_inserted(updates)
        if [g.shape for g in leaves] != [m.shape for m in moments]:
            leaves = jax.tree.leaves(updates)
        m = structure.unflatten([0.9 * m + g.astype(m.dtype) for m, g in zip(moments, leaves, strict=True)])
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("leaf order", of=_OF, mistake="the moments are stored by shape, so leaves of one shape share one")
def moments_by_shape():
    def name(leaf):
        return f"{jnp.shape(leaf)} {leaf.dtype}"

    def init(params):
        return {name(zero): zero for zero in jax.tree.leaves(zeros(params))}

    def update(updates, state, params=None):
        moments = dict(state)

        def accumulate(g):
            moments[name(g)] = 0.9 * moments[name(g)] + g
            return moments[name(g)]

        m = jax.tree.map(accumulate, raise_precision(updates, "the update"))
        return step_down(0.1, m, updates), moments

    return optax.GradientTransformation(init, update)


@breaks(
    "leaf order",
    of="clip_by_norm",
    mistake="functions made in a loop read its variable later, so all leaves are divided by the norm of the last one",
)
def divides_by_the_last_norm():
    right = heavy_ball()

    def update(updates, state, params=None):
        structure: Any
        leaves, structure = jax.tree.flatten(wide(updates, state["m"]))
        clips = []
        for leaf in leaves:
            norm = jnp.sqrt(jnp.sum((leaf * leaf.conj()).real) + 1e-6)
            clips.append(lambda g: g / (1 + norm).astype(g.dtype))  # noqa: B023
        clipped = structure.unflatten([clip(leaf) for clip, leaf in zip(clips, leaves, strict=True)])
        changed, after = right.update(clipped, state, params)
        return restore_dtypes(changed, updates), after

    return optax.GradientTransformation(right.init, update)
