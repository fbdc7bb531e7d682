"""Blocks: an array divided along its last axis, so that each block has a scale of its own.

A block never goes beyond its row. So it lies within one shard of an array that is divided along its other axes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Blocks(NamedTuple):
    """An array as a codec keeps it, in blocks."""

    codes: jax.Array  # [..., n] like the array, 8 bits each
    # [..., ceil(n / block)], the unit of each block. Where the array has no negative numbers by declaration, a unit
    # below 0 marks a block that has some nevertheless, whose codes are signed.
    scales: jax.Array


def split(x: jax.Array, block: int) -> jax.Array:
    """Return an array [..., n] as [..., blocks, block], with zeros at the end of each row that is not full."""
    x = x.reshape(x.shape or (1,))
    length = x.shape[-1]
    size = min(block, max(length, 1))
    missing = -length % size
    if missing:
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])
    return x.reshape(*x.shape[:-1], (length + missing) // size, size)


def join(blocks: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Undo `split`, for an array of a shape."""
    whole = blocks.reshape(*blocks.shape[:-2], blocks.shape[-2] * blocks.shape[-1])
    return whole[..., : (shape or (1,))[-1]].reshape(shape)


def normalize(blocks: jax.Array, scales: jax.Array) -> jax.Array:
    """Divide each block by its scale, in float32. Blocks of zeros, and those that are not finite, become zeros."""
    usable = (scales != 0) & jnp.isfinite(scales)
    return jnp.where(usable[..., None], blocks / jnp.where(usable, scales, 1)[..., None], 0).astype(jnp.float32)


def largest(blocks: jax.Array) -> jax.Array:
    """Return the largest magnitude in each block, which is NaN if the block holds one.

    The bits of magnitudes are compared as integers, in the order of the numbers and with NaN last, because XLA's own
    maximum may leave out a NaN on a CPU.
    """
    whole = jnp.dtype(f"int{jnp.finfo(blocks.dtype).bits}")
    bits = jax.lax.bitcast_convert_type(jnp.abs(blocks), whole)
    return jax.lax.bitcast_convert_type(jnp.max(bits, axis=-1, initial=0), blocks.dtype)


def require_block(name: str, block: int, min_size: int) -> None:
    """Raise ValueError unless the length of a block is at least 1, and `min_size` at least 0."""
    if block < 1:
        raise ValueError(f"{name}: block must be at least 1, got {block}; it is the number of elements with one scale")
    if min_size < 0:
        raise ValueError(f"{name}: min_size must not be negative, got {min_size}; smaller arrays stay as they are")


def draw(key: Any, shape: tuple[int, ...]) -> jax.Array:
    """Return uniform random numbers in [0, 1), float32."""
    return jax.random.uniform(key, shape, jnp.float32)
