"""`mechanic`, which scales the sum of the steps of any optimizer."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ...arithmetic.leaf_maps import map_by_shape
from ...arithmetic.mesh_axes import AxisName, read_axis_names
from ...arithmetic.safe_arithmetic import square_root
from ...combinators.lookahead import refuse_points, refuse_steps
from ...core.boundary import PyTree
from ...core.composites import Composite
from ...core.decorators import transformation
from ...core.transformation_calls import hand_on, raw_init, raw_update
from ...equations import Expression, Writer, equation_of, is_zero, write_step
from ...values.numeric_arguments import NonNegative, Positive, as_weak
from .claims import claims_of_distance
from .sums import add_products, divide_weakly


class MechanicState(NamedTuple):
    """The state of `mechanic`. The arrays [n] have one element for each decay."""

    way: PyTree  # Delta, the sum of the steps of the optimizer, like the parameters, at least float32
    scale: jax.Array  # s, [n], by which the sum is multiplied
    largest: jax.Array  # m, [n], a decaying maximum of |h|
    second_moment: jax.Array  # v, [n], a decaying sum of h^2
    reward: jax.Array  # r, [n], a decaying sum of what the scales have gained
    inner: Any  # the state of the optimizer

    def metrics(self) -> dict[str, jax.Array]:
        """Return the sum of the scales."""
        return {"mechanic/scale": self.scale.sum()}


@transformation(splits_gradient="tx", claims=lambda tuned: claims_of_distance(tuned.tx))
def mechanic(
    tx: optax.GradientTransformation,
    weight_decay: NonNegative = 1e-2,
    initial: Positive = 1e-8,
    decays: int = 6,
    eps: NonNegative = 1e-8,
    axis_name: AxisName = None,
):
    r"""Scale the sum of the steps of an optimizer, $x_t = x_0 + S_t \Delta_t$, $\Delta_t = \Delta_{t-1} + u_t$.

    `tx` is a whole optimizer, whose steps are $u_t$. Its learning rate may be far from a good one, because the scales
    make up for it; a schedule keeps its shape. $S$ is the sum of the scales of `decays` tuners, one for each $\beta = 1
    - 10^{-i}$, $i \ge 1$. The scale of a tuner grows while the gradient points against the sum so far, $h_t < 0$, with
    $h_t = \langle \Delta_{t-1}, g_t + \lambda S_{t-1} \|g_t\| x_{t-1} / \|x_{t-1}\| \rangle$:

    $m_t = \max(\beta m_{t-1}, |h_t|)$, $v_t = \beta^2 v_{t-1} + h_t^2$, $r_t = \max(\beta r_{t-1} - s_{t-1} h_t, 0)$,
    $s_t = (s_0 m_t / n + r_t) / (\sqrt{v_t} + \epsilon)$.

    `weight_decay` is $\lambda$ and `eps` is $\epsilon$, both in [0, inf), and `initial` is $s_0$ in (0, inf). The first
    update moves nothing, because $\Delta_0$ is 0. `decays` is $n$, a whole number of at least 1. All sums are over the
    whole tree; `axis_name` is that of `clip_by_global_norm`. The sum of the scales is among the `metrics`. optax bounds
    $h_t$ in $r_t$ by $m_{t-1}$, and begins with scales above 0.

    Needs `params`. Raises ValueError for `decays` below 1, and for a `tx` with an evaluation or gradient point of its
    own, or one that accumulates or rounds parameters. Source: Cutkosky et al. (2023), algorithm 1.

    >>> tx, x = gl.mechanic(gl.sgd(0.1), initial=0.01), jnp.array([3.0, 4.0])
    >>> state = tx.init(x)
    >>> for t in range(17):  # of |x|^2 / 2
    ...     if t % 8 == 0:
    ...         print(t, x, f"{gl.metrics(state)['mechanic/scale']:.3f}")
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    0 [3. 4.] 0.000
    8 [2.7181 3.6241] 0.119
    16 [0.0987 0.1317] 0.781
    """
    if decays < 1:
        raise ValueError(f"mechanic: decays is the number of tuners, at least 1; got {decays}")
    refuse_points("mechanic", tx, "eval_params", "gradient_params")
    refuse_steps("mechanic", tx)
    axes = read_axis_names("mechanic", axis_name)
    beta = [1 - 10.0**-i for i in range(1, decays + 1)]

    def init(params):
        dtypes = [jnp.dtype("float32"), *(leaf.real.dtype for leaf in jax.tree.leaves(params))]
        zeros = jnp.zeros((decays,), max(dtypes, key=lambda dtype: dtype.itemsize))
        return MechanicState(map_by_shape(jnp.zeros_like, params), zeros, zeros, zeros, zeros, raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        gradient = updates if grads is None else grads
        step, inner = raw_update(tx, updates, state.inner, params, hand_on(extra, grads))
        before = as_weak(state.scale.sum())
        h = measure(gradient, params, state.way, before).astype(state.scale.dtype)
        b = jnp.asarray(beta, state.scale.dtype)
        largest = jnp.maximum(b * state.largest, jnp.abs(h))
        moment = b**2 * state.second_moment + h**2
        reward = jnp.maximum(b * state.reward - state.scale * h, 0)
        root = square_root(moment) + eps
        scale = (initial / decays * largest + reward) / jnp.where(root > 0, root, 1)
        way = map_by_shape(lambda way, u: way + u.astype(way.dtype), state.way, step)
        after = as_weak(scale.sum())
        moved = map_by_shape(lambda new, old, u: (after * new - before * old).astype(u.dtype), way, state.way, updates)
        return moved, MechanicState(way, scale, largest, moment, reward, inner)

    def measure(gradient, params, way, before):
        """Return h, the slope of the loss along the way so far, with the decay of the parameters."""
        slope, size = (square_root(add_products(tree, tree, axes)) for tree in (gradient, params))
        decay = weight_decay * before * divide_weakly(slope, size)
        return add_products(gradient, way, axes) + decay * add_products(params, way, axes)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, reads=frozenset({"grads"}))


@equation_of(mechanic)
def _(write: Writer, tx: Any, weight_decay: Any, initial: Any, decays: int, eps: Any, axis_name: Any) -> Expression:
    gradient = write.gradient()
    step = write_step(write, tx)
    way, slope, scale = write.fresh(r"\Delta"), write.fresh("h"), write.fresh("S")
    largest, moment, reward, part = (write.fresh(letter) for letter in ("m", "v", "r", "s"))
    beta, taken = r"\beta", {number.base for number in write.numbers if not number.index}
    while beta in taken:  # by a decay of the optimizer
        beta += "'"
    write.line(way, Expression(f"{way}_{{t-1}}").plus(step))
    shift = (
        ""
        if is_zero(weight_decay)
        else (
            rf" + {write.number(chr(92) + 'lambda', weight_decay)} {scale}_{{t-1}} "
            rf"\frac{{\|{gradient}\|_{{\text{{all}}}}}}{{\|x_{{t-1}}\|_{{\text{{all}}}}}} x_{{t-1}}"
        )
    )
    write.line(slope, rf"\langle {way}_{{t-1}}, {gradient}{shift} \rangle")
    write.line(largest, rf"\max({beta} {largest}_{{t-1}}, |{slope}_t|)")
    write.line(moment, rf"{beta}^2 {moment}_{{t-1}} + {slope}_t^2")
    write.line(reward, rf"\max({beta} {reward}_{{t-1}} - {part}_{{t-1}} {slope}_t, 0)")
    root = rf"\sqrt{{{moment}_t}}" + ("" if is_zero(eps) else f" + {write.number(chr(92) + 'epsilon', eps)}")
    first = write.number(f"{part}_0", initial)
    write.line(part, rf"\frac{{{first} {largest}_t / {decays} + {reward}_t}}{{{root}}}")
    write.line(scale, rf"\operatorname{{sum}}({part}_t)")
    write.given_as_formula(beta, rf"1 - 10^{{-i}} \text{{ for }} 1 \le i \le {decays}")
    return Expression.step_to(Expression(rf"x_0 + {scale}_t {way}_t", "sum"))
