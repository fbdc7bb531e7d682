"""The exchange of one bit for each element between the devices along mesh axes, eight bits to a byte.

Each device owns a slice of every leaf. It receives the bits of its slice from all devices (an all-to-all) and answers
them, and the answers of all slices go to all devices (an all-gather). So each of N devices sends (N - 1) / N of a bit
for each element, once for each plane of bits, where an average of float32 numbers sends twice (N - 1) / N of 32 bits.

The real and the imaginary part of a complex leaf are two elements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from .mesh_axes import count_shards, is_tracked, varies_over

Planes = tuple[jax.Array, ...]  # boolean arrays of one shape


def as_rows(leaf: jax.Array, owners: int) -> jax.Array:
    """Return the real numbers of a leaf in equal slices, [owners, length]. Zeros fill the last one."""
    flat = jnp.stack([leaf.real, leaf.imag]).ravel() if jnp.iscomplexobj(leaf) else leaf.ravel()
    length = count_length(leaf, owners)
    return jnp.pad(flat, (0, owners * length - flat.size)).reshape(owners, length)


def from_rows(rows: jax.Array, like: jax.Array) -> jax.Array:
    """Undo `as_rows`."""
    flat = rows.ravel()[: _count_elements(like)]
    if jnp.iscomplexobj(like):
        real, imaginary = flat.reshape(2, *like.shape)
        return jax.lax.complex(real, imaginary)
    return flat.reshape(like.shape)


def count_length(leaf: Any, owners: int) -> int:
    """Return the length of the slices of a leaf, a multiple of eight."""
    return 8 * math.ceil(_count_elements(leaf) / (8 * owners))


def count_owned(leaf: Any, axes: tuple[str, ...]) -> jax.Array:
    """Return how many elements of a leaf the slice of this device holds, without those that fill it up; int32."""
    length = count_length(leaf, count_shards(axes))
    return jnp.clip(_count_elements(leaf) - jax.lax.axis_index(axes) * length, 0, length)


def _count_elements(leaf: Any) -> int:
    return math.prod(leaf.shape) * (2 if jnp.issubdtype(leaf.dtype, jnp.complexfloating) else 1)


def send_to_owners(planes: Sequence[Planes], axes: tuple[str, ...]) -> list[Planes]:
    """Send each owner the bits of its slices. For each leaf, the planes [owner, length] become [sender, length]."""
    widths = [len(leaf) for leaf in planes]
    packed = _pack([plane for leaf in planes for plane in leaf])
    received = jax.lax.all_to_all(packed, axes, 0, 0, tiled=True)
    return _unpack(received, planes, widths)


def send_to_all(planes: Sequence[Planes], axes: tuple[str, ...]) -> list[Planes]:
    """Send the answers of each owner to all. For each leaf, the planes [length] become [owner, length]."""
    widths = [len(leaf) for leaf in planes]
    packed = _pack([plane[None] for leaf in planes for plane in leaf])
    return _unpack(gather(packed[0], axes), planes, widths)


def gather(x: jax.Array, axes: tuple[str, ...]) -> jax.Array:
    """Return the arrays of all devices along mesh axes, stacked; JAX knows that the result is the same on all."""
    tracked: dict[str, Any] = {"to": "invarying"} if is_tracked(axes) else {}
    return jax.lax.all_gather(x, axes, **tracked)


def _pack(planes: list[jax.Array]) -> jax.Array:
    return jnp.packbits(jnp.concatenate(planes, axis=-1), axis=-1)


def _unpack(packed: jax.Array, like: Sequence[Planes], widths: list[int]) -> list[Planes]:
    bits = jnp.unpackbits(packed, axis=-1).astype(bool)
    lengths = [plane.shape[-1] for leaf in like for plane in leaf]
    ends = [sum(lengths[: index + 1]) for index in range(len(lengths))]
    planes = iter(jnp.split(bits, ends[:-1], axis=-1))
    return [tuple(next(planes) for _ in range(width)) for width in widths]


def find_signs(rows: jax.Array, axes: tuple[str, ...]) -> jax.Array:
    """Return the bits that devices send for numbers: true for one above zero.

    One bit cannot carry a zero. So for 0, and for NaN, a device sends what depends on its position along the axes: plus
    from the first, minus from the second, and so on. The zeros of an even number of devices cancel.
    """
    sends_plus = jax.lax.axis_index(axes) % 2 == 0
    return jnp.where((rows > 0) | (rows < 0), rows > 0, sends_plus)


def require_own_gradients(owner: str, gradients: Any, axes: tuple[str, ...]) -> None:
    """Raise ValueError if JAX knows that the gradient is the same on all devices, because it was averaged before.

    `gradients` are those of the chain and not the direction: a momentum of equal gradients is part of a state that may
    differ, so JAX does not know that it is the same.
    """
    count_shards(axes)
    leaves = jax.tree.leaves(gradients)
    if leaves and is_tracked(axes) and not any(varies_over(axes, leaf) for leaf in leaves):
        shown = repr(axes[0] if len(axes) == 1 else axes)
        raise ValueError(
            f"{owner}: the gradient is already the same on all devices along {shown}, so all bits of it have crossed. "
            f"JAX sums the gradient with respect to replicated parameters over the devices; differentiate at "
            f"jax.lax.pcast(params, {shown}, to='varying') instead"
        )
