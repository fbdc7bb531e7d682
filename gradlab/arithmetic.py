"""Elementwise arithmetic that stays finite, in value and in derivative, where a denominator or a root is zero."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def squared_magnitude(x: jax.Array) -> jax.Array:
    """|x|^2, real for complex x."""
    return x.real * x.real + x.imag * x.imag if jnp.iscomplexobj(x) else x * x


def magnitude(x: jax.Array) -> jax.Array:
    """|x|, real for complex x, with derivative 0 at 0."""
    zero = x == 0
    return jnp.where(zero, 0, jnp.abs(jnp.where(zero, 1, x)))


@jax.custom_jvp
def square_root(x: jax.Array) -> jax.Array:
    """The root of x where x > 0, else 0, with derivative 0 there: a variance may round to just below zero."""
    return jnp.sqrt(jnp.maximum(x, 0))


@square_root.defjvp
def _square_root_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    root = square_root(x)
    return root, divide(dx, 2 * root)


def divide(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient, and 0 where the denominator is 0; a real denominator divides a complex numerator."""
    safe = jnp.where(denominator == 0, jnp.inf, denominator)
    if jnp.iscomplexobj(numerator):  # a complex division by infinity is NaN
        return numerator * (1 / safe).astype(numerator.dtype)
    return numerator / safe.astype(numerator.dtype)
