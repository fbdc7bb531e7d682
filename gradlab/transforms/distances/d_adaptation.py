"""The distance to the solution as D-Adaptation estimates it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.bounded_gradients import bound_gradient
from ...arithmetic.leaf_maps import map_by_shape
from ...arithmetic.mesh_axes import AxisName, read_axis_names
from ...arithmetic.safe_arithmetic import divide, power, square_root, squared_magnitude
from ...core.boundary import PyTree
from ...core.composites import Composite
from ...core.decorators import transformation
from ...core.transformation_calls import hand_on, raw_init, raw_update
from ...equations import Expression, Writer, equation_of, is_zero
from ...values.numeric_arguments import Decay, NonNegative, Positive, as_weak
from .claims import claims_of_distance
from .sums import add_magnitudes, add_products, divide_weakly


class DAdaptationState(NamedTuple):
    """The state of `d_adaptation`."""

    gradients: PyTree  # s, the weighted mean of the gradients, like the parameters, at least float32
    second_moment: PyTree  # v, real, like the parameters, at least float32
    progress: jax.Array  # r, float scalar, the weighted mean of the progress along the gradients
    distance: jax.Array  # D, float scalar
    inner: Any

    def metrics(self) -> dict[str, jax.Array]:
        """Return the distance."""
        return {"d_adaptation/distance": self.distance}


@transformation(splits_gradient="tx", squares_gradient=True, claims=lambda estimate: claims_of_distance(estimate.tx))
def d_adaptation(
    tx: optax.GradientTransformation,
    learning_rate: NonNegative = 1.0,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    initial: Positive = 1e-6,
    axis_name: AxisName = None,
):
    r"""Estimate the distance to the solution for the links inside, by D-Adaptation, $D_t = \max(D_{t-1}, r_t / ((1 -
    \beta) \|s_t\|_1))$.

    It compares each gradient with the mean of those before, $r_t = \beta r_{t-1} + (1 - \beta) w_t \langle g_t, a_{t-1}
    \odot s_{t-1} \rangle$ and $s_t = \beta s_{t-1} + (1 - \beta) w_t g_t$ with $w_t = \gamma_t D_{t-1}$ and $\beta =
    \sqrt{\beta_2}$. The rates are those of Adam, $a_t = 1 / (\sqrt{v_t} + \epsilon)$. The links of `tx` receive
    $D_{t-1}$, which `scale_by_distance` reads, and $a_t$, which `scale_by_rates` reads.

    `learning_rate` is $\gamma_t$ in [0, inf), that of `tx`. `b2` is $\beta_2$ in [0, 1), the decay of $v$. `eps` is
    $\epsilon$ in [0, inf), and `initial` is $D_0$ in (0, inf). All sums are over the whole tree; `axis_name` is that of
    `clip_by_global_norm`, with the same errors. The distance is among the `metrics`.

    For averages of all gradients, the authors prove that it is a lower bound. With Adam's running means it may
    exceed the distance: on $|x|^2 / 2$ from (2, 3), it comes to 6.7.

    Source: Defazio & Mishchenko (2023), section 5, with the rates of `dadaptation` 3.2.

    >>> tx = gl.d_adaptation(gl.chain(gl.scale_by_distance(), gl.scale_by_learning_rate(1.0)), initial=0.01)
    >>> step, state = tx.update(jnp.array([3.0, 4.0]), tx.init(jnp.zeros(2)))
    >>> print(step)  # 0.01 times the gradient
    [-0.03 -0.04]
    """
    axes = read_axis_names("d_adaptation", axis_name)

    def find_rates(moment):
        return map_by_shape(lambda v: divide(jnp.ones_like(v), square_root(v), eps), moment)

    def init(params):
        zeros, real = (map_by_shape(jnp.zeros_like, tree) for tree in (params, map_by_shape(jnp.real, params)))
        return DAdaptationState(zeros, real, jnp.zeros(()), initial * jnp.ones(()), raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        updates, bounded = map(bound_gradient, (updates, grads))
        gradient = updates if grads is None else bounded
        distance, decay = as_weak(state.distance), power(as_weak(b2), as_weak(0.5))
        weight = learning_rate * distance
        scaled = map_by_shape(lambda s, v: divide(s, square_root(v), eps), state.gradients, state.second_moment)
        product = (1 - decay) * weight * add_products(gradient, scaled, axes)
        progress = decay * as_weak(state.progress) + product
        gradients = map_by_shape(
            lambda s, g: decay * s + (1 - decay) * weight * g.astype(s.dtype), state.gradients, gradient
        )
        moment = map_by_shape(lambda v, g: b2 * v + (1 - b2) * squared_magnitude(g), state.second_moment, gradient)
        estimate = divide_weakly(progress, (1 - decay) * add_magnitudes(gradients, axes))
        signals = {**hand_on(extra, bounded), "distance": distance, "rates": find_rates(moment)}
        updates, inner = raw_update(tx, updates, state.inner, params, signals)
        return updates, DAdaptationState(gradients, moment, progress, jnp.maximum(distance, estimate), inner)

    return Composite(
        init,
        update,
        {"tx": tx},
        lambda state: {"tx": state.inner},
        reads=frozenset({"grads"}),
        provides=frozenset({"distance", "rates"}),
    )


@equation_of(d_adaptation)
def _(write: Writer, tx: Any, learning_rate: Any, b2: Any, eps: Any, initial: Any, axis_name: Any) -> Expression:
    gradient, last, epsilon = write.gradient(), "D_{t-1}", r"\epsilon"
    rate, beta = write.number(r"\alpha", learning_rate), write.decay(b2, "2")
    moment, sums, progress = (write.fresh(letter) for letter in ("v", "s", "r"))
    square = Expression(f"{gradient}^2").times(beta.rest)
    write.line(moment, Expression(f"{beta} {moment}_{{t-1}}").plus(square))
    shift = "" if is_zero(eps) else f" + {write.number(epsilon, eps)}"
    rates = write.line(write.fresh("a"), rf"\frac{{1}}{{\sqrt{{{moment}_t}}{shift}}}")
    result = write.with_signals(tx, distance=last, rates=str(rates))
    root, weight = rf"\sqrt{{{beta}}}", rf"(1 - \sqrt{{{beta}}}) {rate} {last}"
    before = str(rates).replace("_t", "_{t-1}")
    product = rf"\langle {gradient}, {before} \odot {sums}_{{t-1}} \rangle"
    write.line(progress, rf"{root} {progress}_{{t-1}} + {weight} {product}")
    write.line(sums, rf"{root} {sums}_{{t-1}} + {weight} {gradient}")
    write.line("D", rf"\max({last}, \frac{{{progress}_t}}{{(1 - {root}) \|{sums}_t\|_1}})")
    write.start("D", initial)
    return result
