"""Layer-wise steps: the norm of a leaf's update as a share of the norm of the leaf."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, count_elements, read_axis_names
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import Limit, NonNegative
from .clipping import bound_rms, write_clipped_rms
from .norms import measure_norm


@transformation(claims=("contained", "permutation equivariant", "sign symmetric"))
def scale_by_trust_ratio(
    coefficient: NonNegative = 1.0, weight_decay: NonNegative = 0.0, eps: NonNegative = 0.0, axis_name: AxisName = None
):
    r"""Make the norm of each leaf's direction proportional to the norm of the leaf.

    $$d' = \kappa \frac{\|x\|}{\|d\| + \lambda \|x\| + \epsilon} (d + \lambda x)$$

    `coefficient` is $\kappa$ and `weight_decay` is $\lambda$, both in [0, inf). `eps` is in [0, inf), in units of the
    direction. Where the norm of the leaf or the denominator is 0, the direction is $d + \lambda x$, so that leaves that
    begin at zero can move. With `add_decayed_weights` before it and a $\lambda$ of 0, it is the step of LAMB; with a
    $\lambda$ above 0, that of LARS.

    The norm is that of a whole leaf, so layers that are stacked in one leaf need `each`. `axis_name` is that of
    `clip_by_norm`. Needs `params`. Source: You et al. (2017), equation 6; You et al. (2020), algorithm 2.

    >>> tx, x = gl.scale_by_trust_ratio(), jnp.array([6.0, 8.0])
    >>> print(tx.update(jnp.array([0.3, -0.4]), tx.init(x), x)[0])  # with the norm of the leaf, 10
    [ 6. -8.]
    """
    axes = read_axis_names("scale_by_trust_ratio", axis_name)

    def scale_leaf(d, x):
        x = x.astype(d.dtype)
        size_of_leaf, size_of_direction = (measure_leaf(each, axes) for each in (x, d))
        size = size_of_direction + weight_decay * size_of_leaf + eps
        has_ratio = (size_of_leaf > 0) & (size > 0)
        ratio = jnp.where(has_ratio, coefficient * size_of_leaf / jnp.where(has_ratio, size, 1), 1)
        return ratio.astype(d.dtype) * (d + weight_decay * x)

    def update(updates, state, params):
        require_empty(state)
        return map_by_shape(scale_leaf, updates, params), state

    return init_empty, update


@transformation(claims=("contained", "permutation equivariant", "sign symmetric"))
def scale_by_param_rms(least: NonNegative = 1e-3, max_rms: Limit = 1.0, axis_name: AxisName = None):
    r"""Bound the root mean square of each leaf's direction, and multiply it by that of the leaf, $d' = \max(\epsilon,
    \operatorname{RMS}(x)) \min(1, c / \operatorname{RMS}(d))\, d$.

    So a learning rate is relative to the size of the leaf. `least` is $\epsilon$ in [0, inf), with which leaves that
    begin at zero can move. `max_rms` is $c$ in [0, inf], the bound of `clip_by_rms`. `axis_name` is that of
    `clip_by_norm`. Needs `params`. Source: Shazeer & Stern (2018), sections 6 and 8.

    >>> tx, x = gl.scale_by_param_rms(), jnp.array([6.0, 8.0])
    >>> print(tx.update(jnp.array([0.5, -0.5]), tx.init(x), x)[0])  # times sqrt(50)
    [ 3.5355 -3.5355]
    """
    axes = read_axis_names("scale_by_param_rms", axis_name)

    def scale_leaf(d, x):
        size = measure_leaf(x.astype(d.dtype), axes) / max(count_elements(axes, x), 1) ** 0.5
        return jnp.maximum(least, size).astype(d.dtype) * bound_rms(d, max_rms, axes)

    def update(updates, state, params):
        require_empty(state)
        return map_by_shape(scale_leaf, updates, params), state

    return init_empty, update


def measure_leaf(leaf: jax.Array, axes: tuple[str, ...]) -> jax.Array:
    """Return the norm of a leaf, over all shards along mesh axes."""
    unit, relative = measure_norm([leaf], axes)
    return unit * relative


@equation_of(scale_by_trust_ratio)
def _(write: Writer, coefficient: Any, weight_decay: Any, eps: Any, axis_name: Any) -> Expression:
    direction, is_one = write.symbol(), isinstance(coefficient, float) and coefficient == 1
    factor = "" if is_one else f"{write.number(chr(92) + 'kappa', coefficient)} "
    size, whole = rf"\|{direction}\|", direction
    if not is_zero(weight_decay):
        decay = write.number(r"\lambda", weight_decay)
        size += rf" + {decay} \|x_{{t-1}}\|"
        whole = direction.plus(Expression(f"{decay} x_{{t-1}}", "product"))
    size += "" if is_zero(eps) else rf" + {write.number(chr(92) + 'epsilon', eps)}"
    return whole.times(rf"{factor}\frac{{\|x_{{t-1}}\|}}{{{size}}}")


@equation_of(scale_by_param_rms)
def _(write: Writer, least: Any, max_rms: Any, axis_name: Any) -> Expression:
    clipped, epsilon = write_clipped_rms(write, max_rms), write.number(r"\epsilon", least)
    return clipped.times(rf"\max({epsilon}, \operatorname{{RMS}}(x_{{t-1}}))")
