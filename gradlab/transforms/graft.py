"""`graft`, which gives the result of one transformation the size of another's, leaf by leaf."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..core.claims import leave_out, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from .norms import measure_norm


class GraftState(NamedTuple):
    """The state of `graft`: the states of the transformations that give the direction and the size."""

    direction: Any
    size: Any


def _claims(tx: Any) -> dict[str, Any]:
    return leave_out(shared_claims(tx.direction, tx.size), "elementwise")


@transformation(splits_gradient="direction size", claims=_claims)
def graft(direction: optax.GradientTransformation, size: optax.GradientTransformation, axis_name: AxisName = None):
    r"""Follow the direction of one transformation with the size of another's result, $d' = \|s\|\, r / \|r\|$ with
    $r = f(d; g)$ and $s = h(d; g)$, leaf by leaf.

    `direction` is $f$ and `size` is $h$. Each receives the same direction and the same gradient. So a method whose
    steps have an odd size, such as Shampoo, gets that of a method whose learning rate is known. `chain()` is the
    transformation that changes nothing, so `graft(scale_by_sign(), chain())` keeps the norm and takes the signs.

    Where $r$ is 0, so is the result. The norm is that of a whole leaf, so layers that are stacked in one leaf need
    `each`. `axis_name` is that of `clip_by_norm`. Source: Agarwal et al. (2020), Disentangling adaptive gradient
    methods from learning rates.

    >>> tx, gradient = gl.graft(gl.scale_by_sign(), gl.chain()), jnp.array([3.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # signs with the norm of the gradient, 5
    [ 3.5355 -3.5355]
    """
    axes = read_axis_names("graft", axis_name)

    def init(params):
        return GraftState(raw_init(direction, params), raw_init(size, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        ways, direction_state = raw_update(direction, updates, state.direction, params, signals)
        sizes, size_state = raw_update(size, updates, state.size, params, signals)
        return jax.tree.map(resize, ways, sizes), GraftState(direction_state, size_state)

    def resize(way, like):
        (unit, relative), (unit_of_size, relative_size) = (measure_norm([leaf], axes) for leaf in (way, like))
        ratio = jnp.where(relative > 0, relative_size / jnp.where(relative > 0, relative, 1), 0)
        return way * (1 / unit).astype(way.dtype) * ratio.astype(way.dtype) * unit_of_size.astype(way.dtype)

    def states(state):
        return {"direction": state.direction, "size": state.size}

    return Composite(init, update, {"direction": direction, "size": size}, states, gradient="own")


@equation_of(graft)
def _(write: Writer, direction: Any, size: Any, axis_name: Any) -> Expression:
    before, gradient = write.symbol(), write.gradient()
    way, like = (write.inside(tx, write.letter, write.role, before, gradient) for tx in (direction, size))
    way, like = (each if each.kind == "atom" else write.line(write.fresh("r"), each) for each in (way, like))
    return way.times(rf"\frac{{\|{like}\|}}{{\|{way}\|}}")
