"""Normalization: the norm of the whole tree, as it is or in units of the parameters."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..arithmetic.safe_arithmetic import magnitude
from ..core.decorators import transformation
from ..core.stateless import init_empty, map_tree, require_empty
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import NonNegative
from .norms import measure_norm


@transformation(claims=("permutation equivariant", "sign symmetric", "any size"))
def scale_to_global_norm(norm: NonNegative = 1.0, axis_name: AxisName = None):
    r"""Give the whole tree a Euclidean norm, $d' = \rho d / \|d\|$. `norm` is $\rho$ in [0, inf).

    The norm is exact even where a square would overflow or vanish. A tree of zeros stays zero. Inside `jax.shard_map`,
    `axis_name` names the mesh axis, or the tuple of axes, over which leaves are sharded, as in `clip_by_global_norm`.

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Foret et al. (2021), equation 2.

    >>> print(gl.scale_to_global_norm(1.0).update(jnp.array([3.0, -4.0]), ())[0])
    [ 0.6 -0.8]
    """
    axes = read_axis_names("scale_to_global_norm", axis_name)

    return map_tree(lambda updates: _scale_to_norm(updates, norm, axes))


@transformation(claims=("permutation equivariant", "sign symmetric"))
def scale_to_relative_norm(norm: NonNegative = 1.0, offset: NonNegative = 0.0, axis_name: AxisName = None):
    r"""Give the whole tree a norm in units of the parameters, $d' = \rho T^2 d / \|T d\|$ with $T = |x| + \eta$.

    Of all directions with $\|T^{-1} d'\| = \rho$, it is the one along which $d$ is largest. `norm` is $\rho$ in
    [0, inf), and `offset` is $\eta$ in [0, inf), which lets parameters near zero move. A tree of zeros stays zero.
    `axis_name` is that of `scale_to_global_norm`. Needs `params`.

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Kwon et al. (2021), equation 5.

    >>> tx, x = gl.scale_to_relative_norm(0.1), jnp.array([1.0, 10.0])
    >>> print(tx.update(jnp.array([1.0, 1.0]), (), x)[0])  # the large parameter moves 100 times as far
    [0.01  0.995]
    """
    axes = read_axis_names("scale_to_relative_norm", axis_name)

    def update(updates, state, params):
        require_empty(state)
        sizes = map_by_shape(lambda d, x: (magnitude(x) + offset).astype(d.dtype), updates, params)
        scaled = _scale_to_norm(map_by_shape(jnp.multiply, sizes, updates), norm, axes)
        return map_by_shape(jnp.multiply, sizes, scaled), state

    return init_empty, update


def _scale_to_norm(tree: Any, norm: Any, axes: tuple[str, ...]) -> Any:
    unit, relative = measure_norm(jax.tree.leaves(tree), axes)
    to_norm = jnp.where(relative == 0, 0, norm / jnp.where(relative == 0, 1, relative))
    return map_by_shape(lambda d: d * (1 / unit).astype(d.dtype) * to_norm.astype(d.dtype), tree)


@equation_of(scale_to_global_norm)
def _(write: Writer, norm: Any, axis_name: Any) -> Expression:
    direction, rho = write.symbol(), write.number(r"\rho", norm)
    return direction.times(rf"\frac{{{rho}}}{{\|{direction}\|_{{\text{{all}}}}}}")


@equation_of(scale_to_relative_norm)
def _(write: Writer, norm: Any, offset: Any, axis_name: Any) -> Expression:
    direction, rho = write.symbol(), write.number(r"\rho", norm)
    shift = "" if is_zero(offset) else " + " + str(write.number(r"\eta", offset))
    size = write.line(write.fresh("T"), f"|x_{{t-1}}|{shift}")
    return direction.times(rf"\frac{{{rho} {size}^2}}{{\|{size} {direction}\|_{{\text{{all}}}}}} \odot")
