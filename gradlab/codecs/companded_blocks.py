"""Blocks of 8 bits, companded: numbers near 0 get finer steps by a smooth function, and not by a table."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .base import Coding, codec
from .blocks import Blocks, draw, join, largest, normalize, require_block, split


@codec
def companded_blocks(block: int = 32, stochastic: bool = False, min_size: int = 4096) -> Any:
    r"""Keep an array in blocks of 8 bits, companded: $c = \text{round}(127 \cdot 2u / (1 + |u|))$, $u = x / s$.

    `block` elements along the last axis share the scale $s$, the largest magnitude, which is kept in bfloat16, rounded
    up; for a wider array than float32, it has the dtype of the array. `stochastic` rounds to the number above or below
    with the probabilities for which the mean is exact, and needs a key. An array of fewer than `min_size` elements
    stays as it is.

    Where no number is below 0, the root is kept: $c = \text{round}(255 \sqrt{u})$. A number above 0 is then kept as at
    least $s / 255^2$, and never as 0: a second moment of 0 beside a first moment that is not makes a huge step. A block
    that holds an infinity or NaN is NaN afterwards.

    FlashOptim keeps the scale in float16 instead, which is 0 for first moments below $3 \cdot 10^{-8}$.
    Source: Gonzalez Ortiz et al. (2026), FlashOptim, section 3.

    >>> codec, x = gl.codecs.companded_blocks(block=2, min_size=1), jnp.array([1.0, 0.1])
    >>> print(codec.encode(x).codes, codec.decode(codec.encode(x), like=x))  # round(127 * 0.2 / 1.1) = 23
    [127  23] [1.     0.0996]
    """
    require_block("companded_blocks", block, min_size)

    def encode(x, key, non_negative):
        blocks = split(x, block)
        scales = largest(blocks)
        scales = _round_up(scales) if x.dtype == jnp.float32 else scales
        unit = normalize(blocks, scales.astype(x.dtype))
        noise = draw(key, blocks.shape) if stochastic else None
        codes = _round(2 * unit / (1 + jnp.abs(unit)) * 127, unit, _expand, noise)
        if not non_negative:
            return Blocks(join(codes.astype(jnp.int8), x.shape), scales)
        below = jnp.any(blocks < 0, axis=-1)
        place = _round(jnp.sqrt(jnp.maximum(unit, 0)) * 255, unit, _square, noise)
        place = jnp.where((unit > 0) & (place == 0), 1, place)
        codes = jnp.where(below[..., None], codes + 128, place)
        return Blocks(join(codes.astype(jnp.uint8), x.shape), jnp.where(below, -scales, scales))

    def decode(kept, dtype, non_negative):
        codes = split(kept.codes, block).astype(jnp.float32)
        if non_negative:
            unit = jnp.where((kept.scales < 0)[..., None], _expand(codes - 128), _square(codes))
        else:
            unit = _expand(codes)
        return join(unit.astype(dtype) * jnp.abs(kept.scales).astype(dtype)[..., None], kept.codes.shape)

    return Coding(encode, decode, stochastic=stochastic, min_size=min_size)


def _expand(codes: jax.Array) -> jax.Array:
    """Return the numbers in [-1, 1] of companded codes, x = y / (2 - |y|)."""
    y = codes / 127
    return y / (2 - jnp.abs(y))


def _square(codes: jax.Array) -> jax.Array:
    """Return the numbers in [0, 1] of codes of their roots."""
    return (codes / 255) ** 2


def _round(place: jax.Array, unit: jax.Array, expand: Any, noise: jax.Array | None) -> jax.Array:
    """Round a place among the codes to a whole one: the nearest, or by uniform noise the one above or below."""
    if noise is None:
        return jnp.floor(place + 0.5)
    low = jnp.floor(place)
    start, stop = expand(low), expand(low + 1)
    return jnp.where(noise < (unit - start) / (stop - start), low + 1, low)


def _round_up(x: jax.Array) -> jax.Array:
    """Round numbers that are not negative, float32, up to bfloat16, but finite ones never to infinity."""
    bits = jax.lax.bitcast_convert_type(x, jnp.uint32)
    bits = jnp.where(jnp.isfinite(x), jnp.minimum(bits + 0xFFFF, 0x7F7FFFFF), bits)
    return jax.lax.bitcast_convert_type((bits >> 16).astype(jnp.uint16), jnp.bfloat16)
