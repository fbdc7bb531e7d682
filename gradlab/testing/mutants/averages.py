"""Mutants of averaged (slow) weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gradlab.boundary import raise_precision, require_same_trees, restore_dtypes

from .mutant import breaks


class SlowState(NamedTuple):
    """The state of `follow_slowly`."""

    slow: Any  # the slow copy of the parameters


def follow_slowly(copy=jnp.copy):
    """Return the right version of slow weights: each step goes halfway back to a slow copy of the parameters."""

    def init(params):
        return SlowState(jax.tree.map(lambda p: copy(p), raise_precision(params, "the parameter")))

    def update(updates, state, params):
        require_same_trees(updates, state.slow, "the updates", "the state")
        wide = raise_precision(updates, "the update"), raise_precision(params, "the parameter")
        slow = jax.tree.map(lambda s, x: s + (x.astype(s.dtype) - s) / 2, state.slow, wide[1])
        change = jax.tree.map(
            lambda g, s, x: (s.astype(x.dtype) - x) / 2 - g.astype(x.dtype) / 10, wide[0], slow, wide[1]
        )
        return restore_dtypes(change, updates), SlowState(restore_dtypes(slow, state.slow))

    return optax.GradientTransformation(init, update)


@breaks(
    "unaliased",
    of="follow_slowly",
    mistake="the slow weights are at first the parameters themselves, not a copy of them",
)
def slow_weights_alias_parameters():
    return follow_slowly(copy=lambda p: p)
