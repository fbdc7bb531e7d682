"""Mixing: a weighted mean of the direction and the gradient."""

from __future__ import annotations

from typing import Any

from ..arithmetic.leaf_maps import map_by_shape
from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Hyperparameter


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def mix_with_gradient(share: Hyperparameter = 0.7):
    r"""Take a share of the direction and the rest of the gradient, $d' = \nu d + (1 - \nu) g$.

    `share` is $\nu$, finite. In [0, 1] it gives a mean: after a momentum, that of a quasi-hyperbolic method. Above 1,
    the gradient is taken off the direction. Where the direction still is the gradient, nothing changes.

    Source: Ma & Yarats (2019), equation 4.

    >>> tx = gl.chain(gl.scale_by_momentum(0.9), gl.mix_with_gradient(0.7))
    >>> print(tx.update(jnp.array([2.0, -4.0]), tx.init(jnp.zeros(2)))[0])  # (0.7 * 0.1 + 0.3) g
    [ 0.74 -1.48]
    """

    def update(updates, state, *, grads=None):
        require_empty(state)
        grads = updates if grads is None else grads
        return map_by_shape(lambda d, g: share * d + (1 - share) * g, updates, grads), state

    return init_empty, update


@equation_of(mix_with_gradient)
def _(write: Writer, share: Any) -> Expression:
    direction, gradient, nu = write.symbol(), write.read_gradient(), write.number(r"\nu", share)
    return direction.times(nu).plus(gradient.times(nu.rest))
