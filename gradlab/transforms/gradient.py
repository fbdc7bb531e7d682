"""The gradient as the direction: that of the chain, and that at another point."""

from __future__ import annotations

from typing import Any

import jax
import optax

from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.stateless import init_empty, require_empty
from ..core.transformation_calls import raw_init, raw_update
from ..equations import Expression, Writer, equation_of


@transformation(claims=dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True) | {"link": True})
def gradient():
    r"""Replace the direction by the gradient of the chain, $d' = g$.

    It is a branch of `add` and a signal of `measure`: `add(gradient(), scale(-1.0))` is the gradient minus the
    direction. Where the direction still is the gradient, nothing changes.

    >>> tx = gl.chain(gl.scale_by_momentum(0.9), gl.gradient())
    >>> print(tx.update(jnp.array([2.0, -4.0]), tx.init(jnp.zeros(2)))[0])  # not the momentum
    [ 2. -4.]
    """

    def update(updates, state, *, grads):
        require_empty(state)
        return grads, state

    return init_empty, update


@transformation(claims=("link",))
def gradient_at(offset: optax.GradientTransformation):
    r"""Replace the gradient by that at another point, $g' = \nabla f(x + h(g))$.

    `offset` is the transformation $h$, whose result for the gradient at the parameters is the way to that point. The
    gradient there comes from the extra argument `gradient_fn`, a function of the parameters, which `make_step` passes.
    Sharpness-aware minimization takes the gradient uphill, at a fixed distance.

    Place it before any link that splits the direction from the gradient. `update` raises ValueError behind one, or
    without `params` or `gradient_fn`.

    >>> tx, x = gl.gradient_at(gl.scale(0.1)), jnp.array([1.0, 2.0])
    >>> gradient = lambda x: 2 * x
    >>> print(tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)[0])  # 2 (x + 0.1 * 2 x)
    [2.4 4.8]
    """

    def init(params):
        return raw_init(offset, params)

    def update(updates, state, params, *, grads=None, gradient_fn=None, **extra):
        if grads is not None:
            raise ValueError(
                "gradient_at replaces the gradient, so it must stand before the links that split the direction from "
                "it, such as a momentum; put it first in the chain"
            )
        if gradient_fn is None:
            raise ValueError(
                "gradient_at needs the gradient as a function of the parameters: gl.make_step passes it, or call "
                "update(updates, state, params, gradient_fn=lambda params: jax.grad(loss)(params, batch))"
            )
        way, state = raw_update(offset, updates, state, params, {"gradient_fn": gradient_fn, **extra})
        return gradient_fn(jax.tree.map(lambda x, d: x + d.astype(x.dtype), params, way)), state

    return Composite(init, update, {"offset": offset}, lambda state: {"offset": state})


@equation_of(gradient)
def _(write: Writer) -> Expression:
    return write.read_gradient()


@equation_of(gradient_at)
def _(write: Writer, offset: Any) -> Expression:
    start = write.gradient()
    way = write.inside(offset, "h", write.role, start, start)
    return write.line(write.fresh("g'"), rf"\nabla f({Expression('x_{t-1}').plus(way)})")
