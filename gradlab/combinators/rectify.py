"""`rectify`, which applies a scaling by a second moment only once that rests on enough gradients."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import divide, square_root
from ..core.claims import shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Decay, Range, as_weak, is_schedule

Threshold = Annotated[Any, Range(4.0, hint="the variance is finite above a length of 4 only")]


class RectifyState(NamedTuple):
    """The state of `rectify`."""

    weight: jax.Array  # w = 1 - b^t, float scalar: the total weight of the running mean so far
    age: jax.Array  # a, float scalar: the sum of the ages of the gradients, times their weights
    inner: Any  # the state of the transformation


@transformation(splits_gradient="tx", claims=lambda rectified: shared_claims(rectified.tx))
def rectify(tx: optax.GradientTransformation, decay: Decay = 0.999, threshold: Threshold = 5.0):
    r"""Apply a transformation, times $r_t$, once its running mean is long enough, $d' = r_t f(d)$ if $\rho_t > c$,
    else $d$.

    `tx` is $f$, such as `scale_by_rms(0.999)`, and `decay` is the $\beta$ of its mean, in [0, 1). $a_t$ is the mean age
    of the gradients in that mean, in steps. $\rho_t = 1 + 2 a_t$ is the number of gradients of which a plain mean has
    the same mean age, and $\rho_\infty$ is its limit. $r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t -
    2)\rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2)\rho_t}}$ undoes the growth of the variance of $1 / \sqrt{v_t}$ at
    a short length. `threshold` is $c$ in [4, inf): 4 in the paper, 5 in its code. Until then, the direction passes as
    it is, so a step may be much longer or shorter than a scaled one. $\rho_t$ never exceeds the threshold if $\beta \le
    (c - 1) / (c + 1)$, which is 2/3 for the default.

    Source: Liu et al. (2020), algorithm 2 (RAdam).

    >>> tx, gradient = gl.rectify(gl.scale_by_rms(0.9), 0.9), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for t in range(1, 8):
    ...     direction, state = tx.update(gradient, state)
    ...     print(t, direction) if t in (1, 7) else None
    1 [ 2. -4.]
    7 [ 0.457 -0.457]
    """

    def init(params):
        return RectifyState(jnp.zeros(()), jnp.zeros(()), raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        scaled, inner = raw_update(tx, updates, state.inner, params, hand_on(extra, grads))
        # Published as rho_inf - 2 t b^t / (1 - b^t), where most digits cancel; the mean age is a sum of positive terms.
        age = decay * (as_weak(state.age) + as_weak(state.weight))
        weight = decay * as_weak(state.weight) + (1 - decay)
        rho, limit = 1 + 2 * age / weight, (1 + decay) / (1 - decay)
        factor = as_weak(square_root(divide((rho - 4) * (rho - 2) * limit, (limit - 4) * (limit - 2) * rho)))
        is_long = rho > threshold
        chosen = map_by_shape(lambda d, s: jnp.where(is_long, factor * s, d), updates, scaled)
        return chosen, RectifyState(weight, age, inner)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, gradient="own")


@equation_of(rectify)
def _(write: Writer, tx: Any, decay: Any, threshold: Any) -> Expression:
    direction, gradient = write.symbol(), write.gradient()
    scaled = write.inside(tx, write.letter, write.role, direction, gradient)
    beta, least = write.decay(decay, "2"), write.number("c", threshold)
    longest = rf"\frac{{2}}{{1 - {beta}}} - 1"
    if is_schedule(decay):
        limit = write.line(write.fresh(r"\bar \rho"), longest)
        age, weight = write.fresh("a"), write.fresh("w")
        write.line(age, f"{beta} ({age}_{{t-1}} + {weight}_{{t-1}})")
        write.line(weight, f"{beta} {weight}_{{t-1}} + {beta.rest}")
        length = write.line(write.fresh(r"\rho"), rf"1 + \frac{{2 {age}_t}}{{{weight}_t}}")
    else:
        limit = write.constant(write.fresh(r"\rho_\infty"), longest)
        length = write.line(write.fresh(r"\rho"), rf"{limit} - \frac{{2 t {beta}^t}}{{{beta.weight()}}}")
    top, bottom = f"({length} - 4) ({length} - 2) {limit}", f"({limit} - 4) ({limit} - 2) {length}"
    rectified = scaled.times(rf"\sqrt{{\frac{{{top}}}{{{bottom}}}}}")
    return write.line(write.fresh("d"), rf"{rectified} \text{{ if }} {length} > {least}, \text{{ else }} {direction}")
