"""Blocks of a narrow floating-point dtype with a scale, such as float8."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..values.numeric_arguments import Dtype
from .base import Coding, codec
from .blocks import Blocks, join, largest, normalize, require_block, split
from .cast import raise_from_zero
from .stochastic_rounding import round_to_dtype


@codec
def float_blocks(
    dtype: Dtype = "float8_e4m3fn", block: int = 256, stochastic: bool = False, min_size: int = 4096
) -> Any:
    r"""Keep an array in blocks of a floating-point dtype, scaled so that the largest magnitude is its largest number.

    `dtype` is real and has at most 16 bits. float8_e4m3fn has 3 binary digits after the point and its numbers span a
    factor of $2 \cdot 10^5$; float8_e5m2 has 2, and a factor of $4 \cdot 10^9$. `block` elements along the last axis
    share the scale, which has the dtype of the array. `stochastic` rounds to the number above or below with the
    probabilities for which the mean is exact, and needs a key. An array of fewer than `min_size` elements stays as it
    is.

    Where no number is below 0, a number above 0 is kept as at least the smallest of the dtype, and never as 0. A block
    that holds an infinity or NaN is NaN afterwards. Source: the float8 state of torchao.

    >>> codec, x = gl.codecs.float_blocks(block=2, min_size=1), jnp.array([2.0, 0.3])
    >>> print(codec.encode(x).codes.dtype, codec.decode(codec.encode(x), like=x))
    float8_e4m3fn [2.     0.2857]
    """
    require_block("float_blocks", block, min_size)
    if not jnp.issubdtype(dtype, jnp.floating) or jnp.finfo(dtype).bits > 16:
        raise ValueError(
            f"float_blocks: dtype must be real and of at most 16 bits, such as 'float8_e4m3fn'; got {dtype}"
        )
    top = float(jnp.finfo(dtype).max)

    def encode(x, key, non_negative):
        blocks = split(x, block)
        scales = largest(blocks) / top
        unit = jnp.clip(normalize(blocks, scales), -top, top)
        codes = round_to_dtype(unit, dtype, key if stochastic else None)
        return Blocks(join(raise_from_zero(unit, codes, dtype) if non_negative else codes, x.shape), scales)

    def decode(kept, wide, non_negative):
        return join(split(kept.codes, block).astype(wide) * kept.scales[..., None], kept.codes.shape)

    return Coding(encode, decode, stochastic=stochastic, min_size=min_size)
