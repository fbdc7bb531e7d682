"""Agreement in sign: steps only where the direction and the gradient point the same way."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, count_elements, read_axis_names, sum_over
from ..arithmetic.safe_arithmetic import agreement
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Positive

_CLAIMS = {
    **dict.fromkeys(("contained", "permutation equivariant", "sign symmetric"), True),
    "except": ("every argument matters",),  # the least share matters only in leaves of more than 1 / min_share elements
}


@transformation(claims=_CLAIMS)
def agree_in_sign(min_share: Positive = 1e-3, axis_name: AxisName = None):
    r"""Keep the elements whose sign is that of the gradient, and enlarge them, $d' = d \odot \phi / \max(\bar\phi,
    \epsilon)$, $\phi = [d g > 0]$.

    $\bar\phi$ is the share of the elements of a leaf that are kept, so the mean step of a leaf stays about what it was.
    `min_share` is $\epsilon$, above 0, a bound on how much they grow. A complex element is kept where it makes an acute
    angle with the gradient. Place it after the links that build the direction, before weight decay and the learning
    rate: `chain(scale_by_momentum(0.9), agree_in_sign(), scale_by_learning_rate(0.1))`. Behind the learning rate, where
    the direction points downhill, it would keep the wrong elements.

    Inside `jax.shard_map`, the share is that of the shard, unless `axis_name` names the mesh axis, or the tuple of
    axes, over which leaves are sharded (see `clip_by_norm`).

    Raises TypeError for an `axis_name` that is no name. `update` raises ValueError where no axis has that name.
    Source: Liang et al. (2024), algorithm 1; their code for the bound.

    >>> tx = gl.chain(gl.scale_by_momentum(0.9), gl.agree_in_sign())
    >>> _, state = tx.update(jnp.array([10.0, 10.0]), tx.init(jnp.zeros(2)))
    >>> print(tx.update(jnp.array([1.0, -1.0]), state)[0])  # half of the elements agree, and count twice
    [2. 0.]
    """
    axes = read_axis_names("agree_in_sign", axis_name)

    def keep(d, g):
        kept = (agreement(d, g) > 0).astype(d.real.dtype)
        share = sum_over(axes, kept.sum(), like=d) / max(count_elements(axes, d), 1)
        return d * (kept / jnp.maximum(share, min_share)).astype(d.dtype)

    def update(updates, state, *, grads=None):
        require_empty(state)
        return map_by_shape(keep, updates, updates if grads is None else grads), state

    return init_empty, update


@equation_of(agree_in_sign)
def _(write: Writer, min_share: Any, axis_name: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    kept = write.line(write.fresh(r"\phi"), f"[{direction} {gradient} > 0]")
    least = write.number(r"\epsilon", min_share)
    share = rf"\max(\operatorname{{mean}}({kept}), {least})"
    return direction.times(rf"{kept} \odot").over(share)
