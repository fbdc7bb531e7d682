"""Euclidean norms of leaves and trees, exact even where a square would overflow or vanish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .._compat import find_varying_axes, is_compiling, is_mapped
from ..arithmetic.bounded_gradients import find_unbounded
from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import max_over, sum_over
from ..arithmetic.safe_arithmetic import find_bound, square_root, squared_magnitude
from ..update_forms.few_passes import is_worth_few_passes

# The elements of a leaf that is joined with others for its norm, and how many are joined.
LARGEST_JOINED, MOST_JOINED = 2**13, 32


def measure_norm(leaves: list[jax.Array], axes: tuple[str, ...] = ()) -> tuple[jax.Array, jax.Array]:
    """Return the norm as a product of two numbers, so that no square overflows or vanishes.

    The first is about the largest magnitude, or 1 if no square can overflow or vanish. The second is the norm in units
    of the first. Both are taken over all shards of the leaves along mesh axes.
    """
    dtypes = sorted((leaf.real.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits) or [
        jnp.dtype("float32")
    ]
    narrow, wide = jnp.finfo(dtypes[0]), dtypes[-1]

    def sum_scaled() -> tuple[jax.Array, jax.Array]:
        """Return the unit, and the sum of the squares in units of its square. It reads the leaves twice."""
        parts = _join_small([leaf for leaf in leaves if leaf.size])
        largest = max_over(axes, _combine(jnp.max, map_by_shape(_largest, parts), wide))
        is_regular = (largest > 0) & jnp.isfinite(largest)
        unit = jnp.where(is_regular, jnp.clip(largest, 16 * float(narrow.tiny), float(narrow.max) / 16), 1)
        unit = jax.lax.stop_gradient(unit)  # clipped above so that every dtype can hold it and its reciprocal
        shrink = 1 / unit
        squares = map_by_shape(lambda part: _sum_squares(part * shrink.astype(part.dtype)), parts)
        whole = [sum_over(axes, square, like=part) for square, part in zip(squares, parts, strict=True)]
        return unit, _combine(jnp.sum, whole, wide)

    if not _can_branch(leaves, axes):
        unit, total = sum_scaled()
        return unit, square_root(total)
    # One pass is enough if the sum of the squares is so large that none of them matters that vanishes, and so small
    # that no element has been bounded. So the leaves can be read as they were before.
    parts = _join_small([leaf for leaf in find_unbounded(leaves) if leaf.size])
    total = _combine(jnp.sum, map_by_shape(_sum_squares, parts), wide)
    least = sum(part.size for part in parts) * float(narrow.tiny) / float(narrow.eps)
    is_exact = (total >= least) & (total <= find_bound(narrow.dtype) ** 2)
    unit, total = jax.lax.cond(is_exact, lambda: (jnp.ones((), wide), total), sum_scaled)
    return unit, square_root(total)


def _can_branch(leaves: list[jax.Array], axes: tuple[str, ...]) -> bool:
    """Return whether to read large leaves once, and again only if that is not enough.

    For leaves that are mapped over, both branches would be computed.
    """
    if axes or not is_compiling() or not is_worth_few_passes(leaves):
        return False
    return not any(is_mapped(leaf) or find_varying_axes(leaf) or _is_sharded(leaf) for leaf in leaves)


def _is_sharded(leaf: jax.Array) -> bool:
    return any(axis is not None for axis in jax.typeof(leaf).sharding.spec)


def _join_small(leaves: list[jax.Array]) -> list[jax.Array]:
    """Join small leaves of one type, such as biases, because XLA takes longer to compile and run a reduction for each.

    A large leaf stays what it is: to join it would copy it, and gather it if it is sharded.
    """
    small: dict[Any, list[jax.Array]] = {}
    parts = []
    for leaf in leaves:
        if leaf.size > LARGEST_JOINED or _is_sharded(leaf):
            parts.append(leaf)
        else:
            small.setdefault((leaf.dtype, find_varying_axes(leaf)), []).append(leaf.ravel())
    for alike in small.values():
        groups = [alike[start : start + MOST_JOINED] for start in range(0, len(alike), MOST_JOINED)]
        parts += [jnp.concatenate(group) for group in groups]
    return parts


def _combine(combine: Callable[..., jax.Array], numbers: list[jax.Array], dtype: Any) -> jax.Array:
    """Return the sum or the maximum of arrays of one number each, and 0 of none."""
    return combine(jnp.concatenate([jnp.zeros(1, dtype), *(number.astype(dtype) for number in numbers)]))


def _largest(leaf: jax.Array) -> jax.Array:
    """Return the largest magnitude of a leaf as an array of one number, for complex numbers that of a part."""
    size = jnp.maximum(jnp.abs(leaf.real), jnp.abs(leaf.imag)) if jnp.iscomplexobj(leaf) else jnp.abs(leaf)
    return size.max().reshape(1)


def _sum_squares(leaf: jax.Array) -> jax.Array:
    """Return the sum of the squared magnitudes of a leaf as an array of one number."""
    return squared_magnitude(leaf).sum().reshape(1)
