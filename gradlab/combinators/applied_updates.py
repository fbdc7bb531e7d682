"""Updates that, added to parameters of 16 bits, give intended parameters.

`optax.apply_updates` adds the update in the dtype of the parameter, or in a wider one that the update has, and rounds
the sum. So only some parameters can be reached from another: the update itself is rounded.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..codecs.stochastic_rounding import from_ordinal, to_ordinal
from ..core.running_calls import find_entered_dtype, find_update_dtype


def find_narrow_dtype(keys: tuple[Any, ...], param: jax.Array) -> Any:
    """Return the dtype of a parameter that has entered with at most 16 bits, or None for a wider one.

    Raises TypeError for a dtype of 8 bits.
    """
    dtype = find_entered_dtype(keys, param)
    if jnp.finfo(dtype).bits >= 32:
        return None
    if jnp.finfo(dtype).bits < 16:
        raise TypeError(
            f"the parameter{_show_place(keys)} is {dtype}, but only parameters of 16 bits or more can be "
            f"updated; convert it to bfloat16"
        )
    return dtype


def reach(keys: Any, param: jax.Array, target: jax.Array, intended: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return an update, float32, and the parameter that adding it gives.

    `param` is of 16 bits and `target` is the place (see `to_ordinal`) of the parameter that shall be reached, which is
    nearest to `intended`, float32. Where no update reaches it, as where a parameter crosses zero by much more than its
    own size, the update is the one nearest to `intended - param`.

    Raises TypeError if the update cannot have the dtype of the gradient.
    """
    dtype = param.dtype
    wide = param.astype(jnp.float32)
    update_dtype = find_update_dtype(keys, wide)
    if jnp.finfo(update_dtype).bits < 32 and update_dtype != dtype:
        raise TypeError(
            f"the gradient{_show_place(keys)} is {update_dtype} and its parameter is {dtype}; pass the "
            f"gradient as {dtype} or as float32"
        )

    def attempt(difference):
        rounded = _round(difference, update_dtype)
        return rounded, to_ordinal((wide + rounded).astype(dtype))

    difference = from_ordinal(target, dtype).astype(jnp.float32) - wide
    exact, reached = attempt(jnp.where(target == to_ordinal(param), 0, difference))  # also from infinity to infinity
    nearest, near = attempt(intended - wide)
    hits = reached == target
    return jnp.where(hits, exact, nearest), from_ordinal(jnp.where(hits, target, near), dtype)


def _round(x: jax.Array, dtype: Any) -> jax.Array:
    """Round to a dtype of 16 bits by way of its bits, because a compiler may remove a pair of conversions."""
    if jnp.finfo(dtype).bits >= 32:
        return x
    return from_ordinal(to_ordinal(x.astype(dtype)), dtype).astype(jnp.float32)


def _show_place(keys: tuple[Any, ...]) -> str:
    return f" at {jax.tree_util.keystr(keys)}" if keys else ""
