"""Sums over the whole tree: of products and of magnitudes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ...arithmetic.mesh_axes import sum_over
from ...arithmetic.safe_arithmetic import magnitude
from ...values.numeric_arguments import as_weak


def add_products(one: Any, other: Any, axes: tuple[str, ...] = ()) -> jax.Array:
    """Return the real inner product of two trees, a weakly typed scalar, over all shards along mesh axes."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return _add((_multiply(a, b) for a, b in pairs), axes)


def add_magnitudes(tree: Any, axes: tuple[str, ...] = ()) -> jax.Array:
    """Return the sum of the magnitudes of all elements, a weakly typed scalar, over all shards along mesh axes."""
    return _add(map(_find_size, jax.tree.leaves(tree)), axes)


def divide_weakly(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """Return a quotient of scalars, 0 where the denominator is 0. Unlike that of `divide`, it stays weakly typed."""
    is_zero = denominator == 0
    return jnp.where(is_zero, 0.0, numerator / jnp.where(is_zero, 1.0, denominator))


def _find_size(x: jax.Array) -> jax.Array:
    """Return `magnitude(x)`, for real numbers without a choice, which XLA would keep in memory for the sum."""
    return magnitude(x) if jnp.iscomplexobj(x) else x * jax.lax.stop_gradient(jnp.sign(x))


def _multiply(a: jax.Array, b: jax.Array) -> jax.Array:
    dtype = max(a.dtype, b.dtype, key=lambda dtype: dtype.itemsize)
    a, b = a.astype(dtype), b.astype(dtype)
    return a.real * b.real + a.imag * b.imag if jnp.iscomplexobj(a) else a * b


def _add(leaves: Any, axes: tuple[str, ...]) -> jax.Array:
    sums = [as_weak(sum_over(axes, leaf.sum(), like=leaf)) for leaf in leaves]
    return sum(sums, as_weak(0.0))
