"""Clipping: bounds on the elements, on the norm of each leaf, and on the norm of the whole tree."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, count_elements, read_axis_names
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC, NOT_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import map_leaves, map_tree
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Hyperparameter, Limit
from .norms import measure_norm


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def clip_by_value(limit: Limit):
    r"""Bound every element to a range around 0, $d' = \min(\max(d, -c), c)$. `limit` is $c$ in [0, inf].

    The real and the imaginary part of a complex element are bounded each.

    >>> print(gl.clip_by_value(1.0).update(jnp.array([3.0, -0.5]), ())[0])
    [ 1.  -0.5]
    """
    return map_leaves(lambda d: _apply_to_parts(lambda x: jnp.clip(x, -limit, limit), d))


@transformation(claims=dict.fromkeys(ELEMENTWISE, True) | NOT_SYMMETRIC)
def clip_between(lower: Hyperparameter, upper: Hyperparameter):
    r"""Bound every element from below and from above, $d' = \min(\max(d, l), u)$.

    The real and the imaginary part of a complex element are bounded each. `lower` and `upper` are $l$ and $u$, finite.
    Where $l > u$, the result is $u$.

    >>> print(gl.clip_between(-1.0, 3.0).update(jnp.array([2.0, -4.0]), ())[0])
    [ 2. -1.]
    """
    return map_leaves(lambda d: _apply_to_parts(lambda x: jnp.clip(x, lower, upper), d))


def _apply_to_parts(clip, d):
    return jax.lax.complex(clip(d.real), clip(d.imag)) if jnp.iscomplexobj(d) else clip(d)


@transformation(claims=("contained", "permutation equivariant", "sign symmetric", "any size"))
def clip_by_norm(max_norm: Limit, axis_name: AxisName = None):
    r"""Bound the Euclidean norm of each leaf, $d' = d \min(1, c / \|d\|)$. `max_norm` is $c$ in [0, inf].

    Inside `jax.shard_map`, each device has its own shard of a leaf, and the norm is that of the shard, unless
    `axis_name` names the mesh axis, or the tuple of axes, over which leaves are sharded. A link cannot know whether an
    array is a shard of a leaf or a gradient of its own, so it cannot warn. Under `jax.jit` alone norms are global.
    With `check_vma=True`, the default of `jax.shard_map`, leaves may be sharded or replicated along the axis. With
    `check_vma=False` and in `jax.vmap`, each leaf counts as sharded.

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Pascanu et al. (2013), algorithm 1.

    >>> gradient = {"kernel": jnp.array([3.0, 4.0]), "bias": jnp.array([0.3, 0.4])}  # of norm 5 and 0.5
    >>> direction, _ = gl.clip_by_norm(1.0).update(gradient, ())
    >>> print(direction["kernel"], direction["bias"])
    [0.6 0.8] [0.3 0.4]
    """
    axes = read_axis_names("clip_by_norm", axis_name)
    return map_leaves(lambda d: _bound(d, max_norm, measure_norm([d], axes)))


@transformation(claims=("permutation equivariant", "sign symmetric", "any size"))
def clip_by_global_norm(max_norm: Limit, axis_name: AxisName = None):
    r"""Bound the Euclidean norm of the whole tree, $d' = d \min(1, c / \|d\|)$. `max_norm` is $c$ in [0, inf].

    The norm is exact even where a square would overflow or vanish. A tree of zeros stays zero. If an element is
    infinite, the finite ones become 0, and if one is NaN, all become NaN, so no element passes unclipped.

    Inside `jax.shard_map`, the norm is that of the shards of one device, unless `axis_name` names the mesh axis, or the
    tuple of axes, over which leaves are sharded (see `clip_by_norm`). A replicated leaf counts once with
    `check_vma=True`, the default of `jax.shard_map`, and once for each device otherwise.

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Pascanu et al. (2013), algorithm 1.

    >>> gradient = {"kernel": jnp.array([3.0, 0.0]), "bias": jnp.array([0.0, 4.0])}  # of norm 5 in all
    >>> direction, _ = gl.clip_by_global_norm(1.0).update(gradient, ())
    >>> print(direction["kernel"], direction["bias"])
    [0.6 0. ] [0.  0.8]
    """
    axes = read_axis_names("clip_by_global_norm", axis_name)

    def bound_tree(updates):
        norm = measure_norm(jax.tree.leaves(updates), axes)
        factors = _find_factors(max_norm, norm)
        return map_by_shape(lambda d: _shrink(d, *factors), updates)

    return map_tree(bound_tree)


@transformation(claims=("contained", "permutation equivariant", "sign symmetric", "any size"))
def clip_by_rms(max_rms: Limit = 1.0, axis_name: AxisName = None):
    r"""Bound the root mean square of each leaf, $d' = d \min(1, c / \operatorname{RMS}(d))$. `max_rms` is $c$ in [0,
    inf].

    It is `clip_by_norm` with a bound that grows with the root of the number of elements; `axis_name` is the same.
    Source: Shazeer & Stern (2018), section 6.

    >>> print(gl.clip_by_rms(1.0).update(jnp.array([3.0, -3.0]), ())[0])  # its RMS is 3
    [ 1. -1.]
    """
    axes = read_axis_names("clip_by_rms", axis_name)
    return map_leaves(lambda d: bound_rms(d, max_rms, axes))


def bound_rms(d: jax.Array, max_rms: Any, axes: tuple[str, ...]) -> jax.Array:
    """Return a leaf with a root mean square of at most `max_rms`, over all shards along mesh axes."""
    return _bound(d, max_rms * count_elements(axes, d) ** 0.5, measure_norm([d], axes))


def _bound(d: jax.Array, max_norm: Any, norm: tuple[jax.Array, jax.Array]) -> jax.Array:
    return _shrink(d, *_find_factors(max_norm, norm))


def _find_factors(max_norm: Any, norm: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Return two factors that bound what has a norm. Their product might overflow or vanish."""
    unit, relative = norm
    longer = ~(relative <= max_norm / unit)  # true for NaN, which therefore does not pass unclipped
    return jnp.where(longer, 1 / unit, 1), jnp.where(longer, max_norm / jnp.where(longer, relative, 1), 1)


def _shrink(d: jax.Array, to_unit: jax.Array, to_limit: jax.Array) -> jax.Array:
    return d * to_unit.astype(d.dtype) * to_limit.astype(d.dtype)


@equation_of(clip_by_value)
def _(write: Writer, limit: Any) -> Expression:
    c = write.number("c", limit)
    return write.whole().inside(r"\operatorname{clip}", f"-{c}", str(c))


@equation_of(clip_between)
def _(write: Writer, lower: Any, upper: Any) -> Expression:
    return write.whole().inside(r"\operatorname{clip}", str(write.number("l", lower)), str(write.number("u", upper)))


@equation_of(clip_by_norm)
def _(write: Writer, max_norm: Any, axis_name: Any) -> Expression:
    return _write_clipped(write, max_norm, "")


@equation_of(clip_by_rms)
def _(write: Writer, max_rms: Any, axis_name: Any) -> Expression:
    return write_clipped_rms(write, max_rms)


def write_clipped_rms(write: Writer, max_rms: Any) -> Expression:
    """Return the direction, clipped by its root mean square, for equations."""
    direction = write.symbol()
    return direction.times(rf"\min(1, {write.number('c', max_rms)} / \operatorname{{RMS}}({direction}))")


@equation_of(clip_by_global_norm)
def _(write: Writer, max_norm: Any, axis_name: Any) -> Expression:
    return _write_clipped(write, max_norm, r"_{\text{all}}")


def _write_clipped(write: Writer, max_norm: Any, leaves: str) -> Expression:
    direction = write.symbol()
    return direction.times(rf"\min(1, {write.number('c', max_norm)} / \|{direction}\|{leaves})")
