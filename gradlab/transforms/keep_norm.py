"""Steps on a sphere: the norm of each leaf stays what it was at the start."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of
from .trust_ratio import measure_leaf


class KeepNormState(NamedTuple):
    """The state of `keep_norm`."""

    norm: Any  # the norm of each leaf of the first parameters, real scalars, at least float32


# The result is the difference of two points, whose rounding shows where a step is a millionth of the parameters.
_CLAIMS = {
    **dict.fromkeys(("contained", "permutation equivariant", "sign symmetric"), True),
    "except": ("rounded once",),
}


@transformation(claims=_CLAIMS)
def keep_norm(axis_name: AxisName = None):
    r"""Scale the parameters after each step to the norm that they had at first, $x_t = \|x_0\| (x_{t-1} +
    d) / \|x_{t-1} + d\|$, leaf by leaf.

    It belongs behind the learning rate, at the end of a chain, because $d$ must be the whole step. With
    `scale_by_trust_ratio` in front of the learning rate, that is the angle of the step, nearly: `chain(...,
    scale_by_trust_ratio(), scale_by_learning_rate(0.01), keep_norm())`. Weights in front of a normalization can only
    turn, so for these nothing is lost, and there is no weight decay to choose.

    A leaf that begins at zero has no norm to keep, and moves by $d$. Where $x_{t-1} + d$ is 0, the leaf stays. The norm
    is that of a whole leaf, so layers that are stacked in one leaf need `each`. `axis_name` is that of `clip_by_norm`,
    and with it `init` runs inside `jax.shard_map`, too. Needs `params`.
    Source: Wen et al. (2025), Fantastic pretraining optimizers and where to find them 2.1: Hyperball optimization.

    >>> tx, x = gl.keep_norm(), jnp.array([3.0, 4.0])
    >>> step, _ = tx.update(jnp.array([3.0, -4.0]), tx.init(x), x)
    >>> print(x + step)  # on the circle with radius 5
    [5. 0.]
    """
    axes = read_axis_names("keep_norm", axis_name)

    def init(params):
        return KeepNormState(map_by_shape(lambda x: measure_leaf(x, axes), params))

    def stay_on_sphere(d, x, norm):
        x = x.astype(d.dtype)
        moved = x + d
        size = measure_leaf(moved, axes)
        ratio = jnp.where(size > 0, norm / jnp.where(size > 0, size, 1), 1)
        on_sphere = jnp.where(size > 0, ratio.astype(d.dtype) * moved - x, 0)
        return jnp.where(norm > 0, on_sphere, d)

    def update(updates, state, params):
        return map_by_shape(stay_on_sphere, updates, params, state.norm), state

    return init, update


@equation_of(keep_norm)
def _(write: Writer, axis_name: Any) -> Expression:
    moved = write.line(write.fresh("y"), Expression("x_{t-1}").plus(write.whole()))
    return Expression.step_to(moved.times(rf"\frac{{\|x_0\|}}{{\|{moved}\|}}"))
