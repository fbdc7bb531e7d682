"""Scaling by the gradients of the whole tree so far: one rate for all elements."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..arithmetic.safe_arithmetic import divide, square_root
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import NonNegative, as_weak
from .norms import measure_norm


class GlobalRssState(NamedTuple):
    """The state of `scale_by_global_rss`."""

    sum_of_squares: jax.Array  # G, float scalar


@transformation(squares_gradient=True, claims=("permutation equivariant", "sign symmetric"))
def scale_by_global_rss(eps: NonNegative = 0.0, eps_root: NonNegative = 0.0, axis_name: AxisName = None):
    r"""Divide by the root of the sum of squared norms of all gradients, $G_t = G_{t-1} + \|g_t\|^2$, $d' = d /
    (\sqrt{G_t + \epsilon_r} + \epsilon)$.

    The norm is that of the whole tree, so all elements have one rate (AdaGrad-Norm). `eps` is $\epsilon$ and `eps_root`
    is $\epsilon_r$, both in [0, inf). While all gradients are 0, the result is 0. `axis_name` is that of
    `clip_by_global_norm`, with the same errors. Source: Streeter & McMahan (2010); Ward et al. (2019), algorithm 1.

    >>> tx = gl.scale_by_global_rss()
    >>> gradient = {"kernel": jnp.array([3.0, 0.0]), "bias": jnp.array([0.0, 4.0])}
    >>> direction, _ = tx.update(gradient, tx.init(gradient))
    >>> print(direction["kernel"], direction["bias"])  # divided by 5
    [0.6 0. ] [0.  0.8]
    """
    axes = read_axis_names("scale_by_global_rss", axis_name)

    def init(params):
        return GlobalRssState(jnp.zeros(()))

    def update(updates, state, *, grads):
        unit, relative = measure_norm(jax.tree.leaves(grads), axes)
        total = as_weak(state.sum_of_squares) + as_weak(unit * relative) ** 2
        factor = divide(jnp.ones(()), square_root(total + eps_root), eps)
        return map_by_shape(lambda d: as_weak(factor) * d, updates), GlobalRssState(total)

    return init, update


@equation_of(scale_by_global_rss)
def _(write: Writer, eps: Any, eps_root: Any, axis_name: Any) -> Expression:
    gradient, total = write.gradient(), write.fresh("G")
    direction = write.direction()
    write.line(total, rf"{total}_{{t-1}} + \|{gradient}\|_{{\text{{all}}}}^2")
    inside = "" if is_zero(eps_root) else rf" + {write.number(chr(92) + 'epsilon', eps_root)}"
    outside = "" if is_zero(eps) else rf" + {write.number(chr(92) + 'epsilon', eps)}"
    return direction.over(rf"\sqrt{{{total}_t{inside}}}{outside}")
