"""The distance to the solution as Prodigy estimates it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.leaf_maps import map_by_shape
from ...arithmetic.mesh_axes import AxisName, read_axis_names
from ...core.boundary import PyTree
from ...core.composites import Composite
from ...core.decorators import transformation
from ...core.transformation_calls import hand_on, raw_init, raw_update
from ...equations import Expression, Writer, equation_of
from ...values.numeric_arguments import Decay, NonNegative, Positive, as_weak
from .claims import claims_of_distance
from .sums import add_magnitudes, add_products, divide_weakly


class ProdigyDistanceState(NamedTuple):
    """The state of `prodigy_distance`."""

    start: PyTree  # $x_0$, like the parameters, at least float32
    gradients: PyTree  # s, the weighted sum of the gradients, like the parameters, at least float32
    progress: jax.Array  # r, float scalar, the weighted sum of the progress along the gradients
    distance: jax.Array  # D, float scalar
    inner: Any

    def metrics(self) -> dict[str, jax.Array]:
        """Return the distance."""
        return {"prodigy_distance/distance": self.distance}


@transformation(splits_gradient="tx", claims=lambda estimate: claims_of_distance(estimate.tx))
def prodigy_distance(
    tx: optax.GradientTransformation,
    learning_rate: NonNegative = 1.0,
    decay: Decay = 0.999**0.5,
    initial: Positive = 1e-6,
    coefficient: Positive = 1.0,
    axis_name: AxisName = None,
):
    r"""Estimate the distance to the solution for the links inside, by Prodigy, $D_t = \max(D_{t-1}, c\, r_t /
    \|s_t\|_1)$.

    The estimate is meant as a lower bound. It compares how far the parameters went down along the gradients with the
    sum of these, $r_t = \beta r_{t-1} + w_t \langle g_t, x_0 - x_{t-1} \rangle$ and $s_t = \beta s_{t-1} + w_t g_t$
    with $w_t = \gamma_t D_{t-1}^2$. The links of `tx` receive $D_{t-1}$, which `scale_by_distance` reads, so that the
    estimate from one gradient scales the next.

    `learning_rate` is $\gamma_t$ in [0, inf), that of `tx`, and matters only if it changes. `decay` is $\beta$ in
    [0, 1), `initial` is $D_0$ and `coefficient` is $c$, both in (0, inf). All sums are over the whole tree; `axis_name`
    is that of `clip_by_global_norm`, with the same errors. The distance is among the `metrics`.

    Needs `params`. Source: Mishchenko & Defazio (2024), algorithm 4.

    >>> links = gl.scale_by_distance(), gl.scale_by_learning_rate(1.0)
    >>> tx = gl.prodigy_distance(gl.chain(*links), initial=0.01)
    >>> x = jnp.array([3.0, 4.0])
    >>> step, state = tx.update(x, tx.init(x), x)
    >>> print(step)  # 0.01 times the gradient
    [-0.03 -0.04]
    """
    axes = read_axis_names("prodigy_distance", axis_name)

    def init(params):
        zeros = map_by_shape(jnp.zeros_like, params)
        return ProdigyDistanceState(params, zeros, jnp.zeros(()), initial * jnp.ones(()), raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        gradient = updates if grads is None else grads
        distance = as_weak(state.distance)
        weight = learning_rate * (distance / initial) * distance  # in units of d_0, so that it is not tiny
        way = map_by_shape(lambda start, x: start - x.astype(start.dtype), state.start, params)
        progress = decay * as_weak(state.progress) + weight * add_products(gradient, way, axes)
        gradients = map_by_shape(lambda s, g: decay * s + weight * g.astype(s.dtype), state.gradients, gradient)
        estimate = coefficient * divide_weakly(progress, add_magnitudes(gradients, axes))
        signals = {**hand_on(extra, grads), "distance": distance}
        updates, inner = raw_update(tx, updates, state.inner, params, signals)
        largest = jnp.maximum(distance, estimate)
        return updates, ProdigyDistanceState(state.start, gradients, progress, largest, inner)

    return Composite(
        init,
        update,
        {"tx": tx},
        lambda state: {"tx": state.inner},
        reads=frozenset({"grads"}),
        provides=frozenset({"distance"}),
    )


@equation_of(prodigy_distance)
def _(
    write: Writer, tx: Any, learning_rate: Any, decay: Any, initial: Any, coefficient: Any, axis_name: Any
) -> Expression:
    gradient, last = write.gradient(), "D_{t-1}"
    beta, rate = write.number(r"\rho", decay), write.number(r"\alpha", learning_rate)
    result = write.with_signals(tx, distance=last)
    weight, sums, progress = rf"{rate} {last}^2", write.fresh("s"), write.fresh("r")
    write.line(progress, rf"{beta} {progress}_{{t-1}} + {weight} \langle {gradient}, x_0 - x_{{t-1}} \rangle")
    write.line(sums, rf"{beta} {sums}_{{t-1}} + {weight} {gradient}")
    factor = "" if isinstance(coefficient, float) and coefficient == 1 else f"{write.number('c', coefficient)} "
    write.line("D", rf"\max({last}, {factor}\frac{{{progress}_t}}{{\|{sums}_t\|_1}})")
    write.start("D", initial)
    return result
