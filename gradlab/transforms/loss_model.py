"""The step to the minimum of a model of the loss, for MoMo."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.mesh_axes import AxisName, read_axis_names
from ..core.claims import leave_out
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import Hyperparameter, NonNegative, as_weak
from .distances.claims import claims_of_distance
from .distances.sums import add_products, divide_weakly
from .plateau import find_widest_dtype


class LossModelState(NamedTuple):
    """The state of `minimize_loss_model`."""

    lower_bound: Any  # of the loss, float scalar; () if it does not adapt
    rate: jax.Array  # eta, float scalar, the rate of the last step
    mean: Any  # the state of the transformation that averages
    inner: Any

    def metrics(self) -> dict[str, jax.Array]:
        """Return the rate of the last step."""
        return {"minimize_loss_model/rate": self.rate}


@transformation(splits_gradient=True, claims=lambda model: _claims(model))
def minimize_loss_model(
    mean: optax.GradientTransformation,
    tx: optax.GradientTransformation,
    learning_rate: NonNegative = 1.0,
    lower_bound: Hyperparameter = 0.0,
    weight_decay: NonNegative = 0.0,
    adapt_lower_bound: bool = False,
    axis_name: AxisName = None,
):
    r"""Go down an average of the gradients until a model of the loss is at its minimum or at its lower bound, $d' =
    -\eta_t u_t$.

    The model is the average of the tangents of the loss at all points so far, but at least the lower bound $f_*$. With
    the averages $m_t$ of the gradients $g_t$, $\bar f_t$ of the losses and $\gamma_t$ of the products $\langle g_t,
    x_{t-1} \rangle$, $\eta_t = \min(\alpha, \max((1 + \alpha \lambda) (\bar f_t - \gamma_t - f_*) + \langle m_t,
    x_{t-1} \rangle, 0) / \langle m_t, u_t \rangle)$.

    `mean` averages all three, such as `chain(scale_by_momentum(0.9), bias_correction(0.9))`. `tx` makes $u_t$ of $m_t$,
    such as `scale_by_rms()`, or `chain()` for $u_t = m_t$. `learning_rate` is $\alpha$, the largest rate, in [0, inf),
    `lower_bound` is $f_*$, finite, and `weight_decay` is $\lambda$ in [0, inf), that of a `proximal_decay` behind this
    link. With `adapt_lower_bound`, $f_*$ is the first of a sequence of estimates, which never fall below it. The loss
    comes from the extra argument `value`, which `make_step` passes. All products are over the whole tree; `axis_name`
    is that of `clip_by_global_norm`, with the same errors. The rate is among the `metrics`.

    Needs `params`. `update` raises ValueError without `value`. Source: Schaipp et al. (2024), algorithms 1 to 3.

    >>> tx = gl.minimize_loss_model(gl.scale_by_momentum(0.0), gl.chain(), learning_rate=10.0)
    >>> x = jnp.array([3.0, 4.0])
    >>> step, _ = tx.update(2 * x, tx.init(x), x, value=25.0)  # of |x|^2
    >>> print(step)  # to where the tangent is 0: 25 / 100 of the gradient
    [-1.5 -2. ]
    """
    axes = read_axis_names("minimize_loss_model", axis_name)

    def init(params):
        scalar = jnp.zeros((), find_widest_dtype(params))
        bound = scalar + lower_bound if adapt_lower_bound else ()
        return LossModelState(bound, scalar, raw_init(mean, (params, scalar, scalar)), raw_init(tx, params))

    def update(updates, state, params, *, grads=None, value=None, **extra):
        if value is None:
            raise ValueError(
                "minimize_loss_model reads the loss: gl.make_step passes it, or call "
                "update(updates, state, params, value=loss)"
            )
        dtype = state.rate.dtype
        product = add_products(updates, params, axes)
        measured = (updates, jnp.asarray(value).astype(dtype), product.astype(dtype))
        (moment, loss, progress), averaged = raw_update(mean, measured, state.mean, (params, *measured[1:]), {})
        gradient = updates if grads is None else grads
        direction, inner = raw_update(tx, moment, state.inner, params, {**hand_on(extra, gradient), "value": value})
        loss, size = as_weak(loss), add_products(moment, direction, axes)
        shrink = 1 + learning_rate * weight_decay
        slope = add_products(moment, params, axes) - shrink * as_weak(progress)  # of two numbers that may be large
        bound = as_weak(state.lower_bound if adapt_lower_bound else lower_bound)
        if adapt_lower_bound:  # a bound above the minimum of the model falls
            top = shrink * loss + slope
            bound = jnp.where(top < shrink * bound, jnp.maximum(top / (2 * shrink), lower_bound), bound)
        rate = jnp.minimum(learning_rate, divide_weakly(jnp.maximum(shrink * (loss - bound) + slope, 0), size))
        if adapt_lower_bound:
            slope = add_products(moment, params, axes) - as_weak(progress)
            bound = jnp.maximum(loss + slope - rate * size / 2, lower_bound)
        moved = map_by_shape(lambda u: -as_weak(rate) * u, direction)
        return moved, LossModelState(bound if adapt_lower_bound else (), rate, averaged, inner)

    def states(state):
        return {"mean": state.mean, "tx": state.inner}

    return Composite(
        init, update, {"mean": mean, "tx": tx}, states, reads=frozenset({"grads", "value"}), gradient="own"
    )


def _claims(model: Any) -> dict[str, Any]:
    """Return the claims of both, but those about the order: the products cancel, so that their rounding shows."""
    return leave_out(claims_of_distance(model.mean, model.tx), "permutation equivariant")


@equation_of(minimize_loss_model)
def _(
    write: Writer,
    mean: Any,
    tx: Any,
    learning_rate: Any,
    lower_bound: Any,
    weight_decay: Any,
    adapt_lower_bound: bool,
    axis_name: Any,
) -> Expression:
    gradient, letters = write.gradient(), ("m", r"\bar f", r"\gamma")
    sources = gradient, Expression("f_t"), Expression(rf"\langle {gradient}, x_{{t-1}} \rangle", "product")
    moment, loss, progress = (
        write.inside(mean, letter, "1", source, source) for letter, source in zip(letters, sources, strict=True)
    )
    if moment.kind != "atom":
        moment = write.line(write.fresh("m"), moment)
    direction = write.inside(tx, "m", "1", moment, gradient)
    if direction.kind != "atom":
        direction = write.line(write.fresh("u"), direction)
    rate, bound = write.number(r"\alpha", learning_rate), write.number("f_*", lower_bound)
    shrink = "" if is_zero(weight_decay) else rf"(1 + {rate} {write.number(chr(92) + 'lambda', weight_decay)}) "
    model = Expression(f"{loss} - {progress}", "sum")
    along = rf"\langle {moment}, x_{{t-1}} \rangle"
    lowest, tau = str(bound), write.fresh(r"\eta")
    if adapt_lower_bound:
        lowest = f"{write.fresh('l')}_t"
        write.given(lowest, "the estimate of the lower bound")
    above = rf"({model} - {lowest})" if shrink else f"{model} - {lowest}"
    size = rf"\langle {moment}, {direction} \rangle"
    result = write.line(tau, rf"\min({rate}, \frac{{\max({shrink}{above} + {along}, 0)}}{{{size}}})")
    return direction.times(str(result), negative=True)
