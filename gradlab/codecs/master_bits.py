"""Wide numbers as a number of 16 bits and a correction: the bits of one float, divided after rounding.

A bfloat16 and 8 bits hold a float of 24 bits, with 15 binary digits after the point and the range of float32. A float16
and 8 bits hold one with 18 digits and the range of float16. With a correction of 16 bits, a bfloat16 holds a float32.

The place of the wide number in the order of all such numbers is $2^k$ times the place of the narrow one, plus the
correction. So the correction counts steps from the narrow number, up or down, and all arithmetic is on integers.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .stochastic_rounding import largest_ordinal, to_ordinal

_FRACTION = 23  # the binary digits after the point of a float32
_FLOAT16_SHIFT = (127 - 15) << _FRACTION  # from the exponents of float16 to those of float32
_FLOAT16_TINY = 2.0**-14  # its smallest normal number
_FLOAT16_LIMIT = 65520.0  # all that is larger is rounded like this


def to_wide_ordinal(x: jax.Array, dtype: Any, bits: int) -> jax.Array:
    """Return the place of float32 numbers among those of a narrow dtype with `bits` more bits, rounded to nearest.

    A finite number that is too large gets the place of the largest. Infinities and NaN get that of the narrow ones.
    """
    magnitude = jnp.abs(x)
    dropped = _FRACTION - jnp.finfo(dtype).nmant - bits
    if jnp.finfo(dtype).nexp == 8:
        place = _shift_down(jax.lax.bitcast_convert_type(magnitude, jnp.int32), dropped)
    else:
        raw = jax.lax.bitcast_convert_type(jnp.minimum(magnitude, _FLOAT16_LIMIT), jnp.int32)
        unit = 2.0 ** (24 + bits)  # the steps below the smallest normal number are even
        small = jnp.round(jnp.where(magnitude < _FLOAT16_TINY, magnitude, 0) * unit).astype(jnp.int32)
        place = jnp.where(magnitude < _FLOAT16_TINY, small, _shift_down(raw - _FLOAT16_SHIFT, dropped))
    largest = (largest_ordinal(dtype) << bits) + 2 ** (bits - 1) - 1
    place = jnp.minimum(place, largest)
    unknown = jnp.abs(to_ordinal(x.astype(dtype))) << bits
    place = jnp.where(jnp.isfinite(x), place, unknown)
    return jnp.where(x < 0, -place, place)


def from_wide_ordinal(place: jax.Array, dtype: Any, bits: int) -> jax.Array:
    """Return the float32 numbers at places that `to_wide_ordinal` returns, where those are finite."""
    magnitude = jnp.abs(place)
    missing = _FRACTION - jnp.finfo(dtype).nmant - bits
    raw = magnitude << missing if missing >= 0 else magnitude >> -missing
    if jnp.finfo(dtype).nexp == 8:
        x = jax.lax.bitcast_convert_type(raw, jnp.float32)
    else:
        normal = jax.lax.bitcast_convert_type(raw + _FLOAT16_SHIFT, jnp.float32)
        small = magnitude < (1 << (jnp.finfo(dtype).nmant + bits))
        x = jnp.where(small, magnitude.astype(jnp.float32) * 2.0 ** -(24 + bits), normal)
    return jnp.where(place < 0, -x, x)


def join_bits(narrow: jax.Array, correction: jax.Array) -> jax.Array:
    """Return the places of the wide numbers that narrow ones and their corrections stand for."""
    return (to_ordinal(narrow) << jnp.iinfo(correction.dtype).bits) + correction.astype(jnp.int32)


def split_bits(place: jax.Array, bits: int) -> jax.Array:
    """Return the places of the nearest narrow numbers, from which a correction goes down by at most $2^{k-1}$."""
    return (place + 2 ** (bits - 1)) >> bits


def correct(place: jax.Array, narrow: jax.Array, correction_dtype: Any) -> jax.Array:
    """Return the corrections from narrow numbers to wide ones at places, or the largest that there is."""
    info = jnp.iinfo(correction_dtype)
    return jnp.clip(place - (to_ordinal(narrow) << info.bits), info.min, info.max).astype(correction_dtype)


def _shift_down(bits: jax.Array, count: int) -> jax.Array:
    """Drop the lowest bits of whole numbers that are not negative, and round to nearest, ties to even."""
    if count <= 0:
        return bits << -count
    return (bits + (2 ** (count - 1) - 1) + ((bits >> count) & 1)) >> count
