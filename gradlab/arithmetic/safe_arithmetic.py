"""Elementwise arithmetic with finite values and derivatives where a denominator, root or power is zero."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp


def squared_magnitude(x: jax.Array) -> jax.Array:
    """Return |x|^2, which is real for complex x."""
    return x.real * x.real + x.imag * x.imag if jnp.iscomplexobj(x) else x * x


def bound_for_squaring(x: jax.Array) -> jax.Array:
    """Bound the finite numbers in x, so that their squares, and sums and running means of squares, are finite.

    The bound is $2^{51}$ in float32 and $2^{484}$ in float64. A complex number is scaled until its larger part is
    within the bound, so its phase does not change. A sum of squares below the bound stops growing, because of rounding,
    before it overflows. Infinities and NaN are returned as they are.
    """
    bound = find_bound(x.dtype)
    if not jnp.iscomplexobj(x):
        return _clamp_finite(x, bound)
    larger = jnp.maximum(jnp.abs(x.real), jnp.abs(x.imag))
    shrink = bound / jnp.maximum(larger, bound)
    return jnp.where(jnp.isfinite(larger), jax.lax.complex(x.real * shrink, x.imag * shrink), x)


def bounded_square(x: jax.Array) -> jax.Array:
    """Return `squared_magnitude(bound_for_squaring(x))`, bit for bit, for real numbers by other operations.

    XLA would compute what two loops share in a loop of its own. The constant is that of `bound_for_squaring`, because
    it counts as an operand of a loop, of which XLA allows 19.
    """
    if jnp.iscomplexobj(x):
        return squared_magnitude(bound_for_squaring(x))
    bounded = jnp.minimum(jnp.abs(x), x.dtype.type(find_bound(x.dtype)))
    size = jax.lax.select(jax.lax.is_finite(x), bounded, x)
    return size * size


def find_bound(dtype: Any) -> float:
    """Return the bound of `bound_for_squaring`."""
    info = jnp.finfo(dtype)
    return float(2.0 ** ((info.maxexp - info.nmant - 3) // 2))


def bound_to_dtype(x: jax.Array, dtype: Any) -> jax.Array:
    """Bound the finite numbers in x, or each part of complex ones, by the largest number of a real dtype."""
    if jnp.iscomplexobj(x):
        return jax.lax.complex(bound_to_dtype(x.real, dtype), bound_to_dtype(x.imag, dtype))
    largest = float(jnp.finfo(dtype).max)
    if float(jnp.finfo(x.dtype).max) <= largest:
        return x
    return _clamp_finite(x, largest)


def _clamp_finite(x: jax.Array, bound: float) -> jax.Array:
    """Bound the finite numbers in x, in three operations; `jnp.where`, `jnp.isinf` and `jnp.clip` make nine of it."""
    limit = x.dtype.type(bound)
    return jax.lax.select(jax.lax.is_finite(x), jax.lax.clamp(-limit, x, limit), x)


def magnitude(x: jax.Array) -> jax.Array:
    """Return |x|, which is real for complex x and has derivative 0 at 0."""
    zero = x == 0
    return jnp.where(zero, 0, jnp.abs(jnp.where(zero, 1, x)))


@jax.custom_jvp
def square_root(x: jax.Array) -> jax.Array:
    """Return the root of x where x > 0, else 0 with derivative 0, because a variance may round to just below zero."""
    # With -0 the maximum is one instruction on x86. With 0 it is three, to keep NaN and the sign of zero apart.
    return jnp.sqrt(jnp.maximum(x, -0.0))


@square_root.defjvp
def _square_root_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    root = square_root(x)
    return root, divide(dx, 2 * root)


def divide(numerator: jax.Array, denominator: jax.Array, eps: Any = None) -> jax.Array:
    """Return the quotient, and 0 where the denominator is 0. The denominator is real; the numerator may be complex.

    `eps` is added to the denominator, which is nowhere below 0 then. With a Python number above 0, nothing is tested.
    """
    safe = denominator if eps is None else denominator + eps
    if not (isinstance(eps, float) and eps >= jnp.finfo(denominator.dtype).tiny):
        safe = jax.lax.select(safe == 0, jnp.full_like(safe, jnp.inf), safe)
    if jnp.iscomplexobj(numerator):  # a complex division by infinity is NaN
        return numerator * (1 / safe).astype(numerator.dtype)
    return numerator / safe.astype(numerator.dtype)


def agreement(one: jax.Array, other: jax.Array) -> jax.Array:
    """Return 1 where two numbers have the same sign, -1 where they have opposite signs, and 0 where one is 0.

    For complex numbers it is the cosine of the angle between them. Unlike their product, it neither overflows nor
    vanishes.
    """
    if not jnp.iscomplexobj(one):
        return jnp.sign(one) * jnp.sign(other)
    one, other = divide(one, magnitude(one)), divide(other, magnitude(other))
    return one.real * other.real + one.imag * other.imag


def power(base: jax.Array, exponent: jax.Array) -> jax.Array:
    """Return the power of a base >= 0, with derivative 0 where the base is 0 and the slope would be infinite."""
    if not jnp.issubdtype(jnp.result_type(base), jnp.inexact):
        return base**exponent
    steep = (base == 0) & (exponent < 1)
    at_zero = jnp.where(exponent > 0, 0.0, jnp.where(exponent < 0, jnp.inf, 1.0))
    return jnp.where(steep, at_zero, jnp.where(steep, 1.0, base) ** exponent)


def move_towards(start: jax.Array, end: jax.Array, share: jax.Array) -> jax.Array:
    """Return the point at a share of the way from one array to another, exactly the other one at a share of 1.

    `share` is a real scalar, weakly typed. `(1 - share) * start + share * end` would not stay at a constant: in float32
    the two shares do not add up to 1, and for a share of 1e-4 a running mean of ones ends at 1.0003.
    """
    return jnp.where(share == 1, end, start + share * (end - start))
