"""Reductions over the axes of a device mesh, for links that run inside `jax.shard_map`.

There, each device calls a link with its own shard of every leaf, so a sum over the elements of a leaf is a sum over one
shard. With names of mesh axes, the functions of this module make it the sum over all shards.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from .._compat import find_varying_axes

AxisName: TypeAlias = str | tuple[str, ...] | None


def read_axis_names(owner: str, axis_name: Any) -> tuple[str, ...]:
    """Return the names of mesh axes as a tuple; `()` for None. `owner` is the name of the factory in errors.

    Raises TypeError for anything but a name, a tuple of names or None, and ValueError for a name that is given twice.
    """
    names = () if axis_name is None else axis_name if isinstance(axis_name, tuple) else (axis_name,)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{owner}: axis_name must be the name of a mesh axis, such as 'data', or a tuple of names; got "
            f"{type(axis_name).__name__}: {axis_name!r}"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{owner}: axis_name names an axis twice: {axis_name!r}")
    return names


def count_shards(axes: tuple[str, ...]) -> int:
    """Return the number of devices along mesh axes, 1 for `()`.

    Raises ValueError, with the remedy, outside of a function that is mapped over these axes.
    """
    try:
        return jax.lax.axis_size(axes) if axes else 1
    except NameError:
        shown = ", ".join(map(repr, axes))
        raise ValueError(
            f"axis_name names {shown}, but update was called outside of a function that is mapped over it. Call it "
            f"inside jax.shard_map over a mesh with this axis; under jax.jit alone, leave axis_name out, because norms "
            f"and means are global there"
        ) from None


def sum_over(axes: tuple[str, ...], x: jax.Array, like: jax.Array | None = None) -> jax.Array:
    """Return the sum of `x` over the devices along mesh axes.

    `x` was computed from `like`, by default from itself. Where JAX knows that `like` is the same on all devices along
    an axis (`jax.shard_map` with `check_vma=True`, its default), it is counted once.
    """
    axes = _split_axes(axes, x if like is None else like)
    return jax.lax.psum(x, axes) if axes else x


def max_over(axes: tuple[str, ...], x: jax.Array) -> jax.Array:
    """Return the maximum of `x` over the devices along mesh axes. Its derivative is zero."""
    return jax.lax.pmax(jax.lax.stop_gradient(x), axes) if axes and count_shards(axes) else x


def mean_over(axes: tuple[str, ...], x: jax.Array) -> jax.Array:
    """Return the mean of `x` over the devices along mesh axes."""
    return jax.lax.pmean(x, axes) if axes and count_shards(axes) else x


def hold_for_all(axes: tuple[str, ...], condition: jax.Array) -> jax.Array:
    """Return whether a condition, a boolean scalar, holds on all devices along mesh axes."""
    if not axes or not count_shards(axes):
        return condition
    return jax.lax.pmin(condition.astype(jnp.int32), axes) == 1


def count_elements(axes: tuple[str, ...], x: jax.Array) -> int:
    """Return the number of elements of the whole array of which `x` is the shard of one device."""
    return x.size * count_shards(_split_axes(axes, x))


def is_tracked(axes: tuple[str, ...]) -> bool:
    """Return whether JAX tracks what differs between the devices along mesh axes, as `check_vma=True` makes it do."""
    return all(name in find_varying_axes(jax.lax.axis_index(name)) for name in axes)


def varies_over(axes: tuple[str, ...], x: jax.Array) -> bool:
    """Return whether `x` may differ between the devices along mesh axes; true where JAX does not track it."""
    return bool(_split_axes(axes, x))


def _split_axes(axes: tuple[str, ...], x: jax.Array) -> tuple[str, ...]:
    """Return those of the axes over which `x` may differ."""
    count_shards(axes)
    return tuple(name for name in axes if name in find_varying_axes(x) or not is_tracked((name,)))
