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


def square_root(x: jax.Array) -> jax.Array:
    """The root of x where x > 0, else 0 (with derivative 0): a variance may round to just below zero."""
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, jnp.ones_like(x))), nan_or_zero(x))


def nan_or_zero(x: jax.Array) -> jax.Array:
    """NaN where x is NaN, else 0."""
    return jnp.where(jnp.isnan(x), x, jnp.zeros_like(x))


def divide(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """The quotient, and 0 where the denominator is 0; a real denominator divides a complex numerator."""
    zero = denominator == 0
    safe = jnp.where(zero, jnp.ones_like(denominator), denominator)
    return jnp.where(zero, jnp.zeros_like(numerator), numerator / safe.astype(numerator.dtype))
