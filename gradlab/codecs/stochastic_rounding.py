"""Rounding of numbers to a narrow floating-point dtype, to nearest or stochastically, by arithmetic on their bits.

The bits of all numbers of a dtype, in the order of the numbers, are consecutive integers. So the number above or below
another is one integer away, and no rounding is written as a pair of conversions, which a compiler may remove.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..arithmetic.safe_arithmetic import bound_to_dtype


def to_ordinal(x: jax.Array) -> jax.Array:
    """Return the place of each number among the numbers of its dtype, in int32: 0 for zeros, negative below them."""
    bits = jax.lax.bitcast_convert_type(x, _unsigned(x.dtype)).astype(jnp.int32)
    sign = 1 << (jnp.finfo(x.dtype).bits - 1)
    magnitude = bits & (sign - 1)
    return jnp.where(bits & sign, -magnitude, magnitude)


def from_ordinal(ordinal: jax.Array, dtype: Any) -> jax.Array:
    """Return the numbers of a dtype, at most 16 bits wide, at places that `to_ordinal` returns. Zeros are positive."""
    sign = 1 << (jnp.finfo(dtype).bits - 1)
    bits = jnp.where(ordinal < 0, sign - ordinal, ordinal)
    return jax.lax.bitcast_convert_type(bits.astype(_unsigned(dtype)), dtype)


def round_to_dtype(x: jax.Array, dtype: Any, key: Any = None) -> jax.Array:
    """Round real numbers to a dtype, a finite one at most to its largest number. Infinities and NaN stay.

    With a key the rounding is stochastic: to the number above or below, with the probabilities for which the mean is x.
    Without a key, or for a dtype that holds more than 16 bits, it is to nearest.
    """
    bounded = bound_to_dtype(x, dtype)
    nearest = bounded.astype(dtype)
    if key is None or jnp.finfo(dtype).bits > 16:
        return nearest
    place = to_ordinal(nearest)
    back = nearest.astype(x.dtype)
    largest = largest_ordinal(dtype)
    other = jnp.clip(place + jnp.where(bounded > back, 1, -1), -largest, largest)
    gap = jnp.abs(from_ordinal(other, dtype).astype(x.dtype) - back)
    moves = jax.random.uniform(key, x.shape, jnp.float32).astype(x.dtype) * gap < jnp.abs(bounded - back)
    return jnp.where(jnp.isfinite(bounded) & moves, from_ordinal(other, dtype), nearest)


def largest_ordinal(dtype: Any) -> int:
    """Return the place of the largest finite number of a dtype."""
    return int(np.asarray(jnp.finfo(dtype).max).view(_unsigned(dtype)))


def _unsigned(dtype: Any) -> Any:
    return jnp.dtype(f"uint{jnp.finfo(dtype).bits}")
