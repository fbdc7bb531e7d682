"""The parts of gates, combinators that decide at each step whether a transformation runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.mesh_axes import hold_for_all
from ..core.boundary import PyTree, restore_dtypes
from ..core.claims import leave_out, shared_claims
from ..core.transformation_calls import raw_update, signals_of
from ..core.tree_differences import find_difference


def update_if(
    happens: Any, tx: Any, updates: Callable[[], PyTree], like: PyTree, state: PyTree, params: PyTree, signals: Any
) -> tuple[PyTree, PyTree]:
    """Run a transformation where a condition holds. Elsewhere, return an update of zeros and the state as it is.

    `happens` is a boolean scalar. `updates` returns the direction to transform, a tree like `like`, and is called only
    where the condition holds. Only that branch is computed which is taken, but under `jax.vmap` with a condition for
    each lane both are, because a lane cannot branch by itself.
    """

    def run() -> tuple[PyTree, PyTree]:
        result = raw_update(tx, updates(), state, params, signals)
        difference = find_difference(result, (like, state))
        if difference:
            path, came, expected = difference
            raise ValueError(
                f"a transformation that runs at some steps only must keep the structure and the shapes of its updates "
                f"and of its state, but at {path} it made {came} of {expected}"
            )
        return restore_dtypes(result, (like, state))

    def rest() -> tuple[PyTree, PyTree]:
        return jax.tree.map(jnp.zeros_like, like), state

    if isinstance(happens, jax.core.Tracer):
        return jax.lax.cond(happens, run, rest)
    if happens:  # without jit, JAX would compile the condition anew at every call
        return run()
    if params is None and "params" in signals_of(tx):
        jax.eval_shape(run)  # raises what the first step would: that parameters are needed
    return rest()


def update_if_finite(
    finite: jax.Array,
    forced: jax.Array,
    tx: Any,
    updates: Callable[[], PyTree],
    like: PyTree,
    state: PyTree,
    params: PyTree,
    signals: Any,
    axes: tuple[str, ...],
) -> tuple[PyTree, PyTree, jax.Array]:
    """Run a transformation where its gradient is finite, or by force. Return the update, the state and what was finite.

    A transformation that takes the gradient at points of its own, as SAM does, may meet another one there that is not
    finite. It shows in the update, which is then left out as well.
    """
    result, inner = update_if(finite | forced, tx, updates, like, state, params, signals)
    if "gradient_fn" not in signals_of(tx):
        return result, inner, finite
    finite = finite & is_finite(result, axes=axes)
    passes = finite | forced
    result = jax.tree.map(lambda d: jnp.where(passes, d, jnp.zeros_like(d)), result)
    return result, jax.tree.map(lambda new, old: jnp.where(passes, new, old), inner, state), finite


def claims_of_gate(tx: Any) -> dict[str, Any]:
    """Return the claims of a transformation that one NaN stops as a whole: all but those about single elements."""
    return leave_out(shared_claims(tx), "elementwise", "contained")


def is_finite(*trees: PyTree, axes: tuple[str, ...] = ()) -> jax.Array:
    """Return whether all numbers in all leaves are finite, a boolean scalar. Trees without leaves are.

    Inside `jax.shard_map`, `axes` are mesh axes on all of whose devices they have to be.
    """
    finite = jnp.asarray(True)
    for leaf in jax.tree.leaves(trees):
        finite &= jnp.all(jnp.isfinite(leaf))
    return hold_for_all(axes, finite)
