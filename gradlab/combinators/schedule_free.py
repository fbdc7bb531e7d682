"""`schedule_free`, which replaces the decay of the learning rate by an average of the points of an optimizer."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import power
from ..core.boundary import PyTree
from ..core.claims import join_claims, shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of, is_zero, write_step
from ..values.numeric_arguments import Decay, NonNegative, as_weak
from .lookahead import refuse_points, refuse_steps


class ScheduleFreeState(NamedTuple):
    """The state of `schedule_free`."""

    step: jax.Array  # t, int32 scalar, the number of updates so far
    largest_rate: jax.Array  # the largest learning rate so far, float scalar
    weight_sum: jax.Array  # W / w, float scalar: the weights so far, in units of that of the largest learning rate
    share: jax.Array  # 1 - b1 of the last update, float scalar
    rest: jax.Array  # 1 - c of the last update, float scalar
    ahead: PyTree  # z - x, from the average before the last update, like the parameters, at least float32
    average: Any  # x, like the parameters, at least float32; () if it is not stored
    inner: Any  # the state of the optimizer


@transformation(splits_gradient="tx", claims=lambda free: _claims(free))
def schedule_free(
    tx: optax.GradientTransformation,
    learning_rate: NonNegative = 1.0,
    b1: Decay = 0.9,
    weight_lr_power: NonNegative = 2.0,
    weight_power: NonNegative = 0.0,
    store_average: bool = False,
):
    r"""Average the points $z$ of an optimizer, and take the gradient between them and their average, $x_t = \beta \bar
    x_t + (1 - \beta) z_t$.

    The parameters are $x$, where the gradient is taken. `eval_params` evaluates at the average, $\bar x_t = (1 - c_t)
    \bar x_{t-1} + c_t z_t$. The share $c_t$ is the weight of $z_t$, divided by the sum of all weights so far.

    `tx` is a whole optimizer without momentum, such as `sgd(0.1)`, whose update for the gradient at $x$ moves $z$. One
    with momentum works, too, but `b1` takes the place of a momentum, so there are two; `explain` says so.
    `b1` is $\beta$ in [0, 1). The weight of $z_t$ is $t^r$ times the power $p$ of the largest learning rate so far.
    `learning_rate` in [0, inf) is that of `tx`. It matters only while it grows, as in a warm-up, so a constant one need
    not be passed. `weight_lr_power` is $p$ and `weight_power` is $r$, both in [0, inf).

    The state holds $z_t - \bar x_{t-1}$, so the average is known as precisely as the parameters are. Parameters in half
    precision lose its small steps. With `store_average` the state holds the average as well, in at least float32, and
    the parameters are rounded from it; `master_params` around it does the same for any optimizer.

    Needs `params`. Raises ValueError for a `tx` with an evaluation or gradient point of its own, and for one that
    accumulates or rounds parameters. Source: Defazio et al.
    (2024), algorithm 1, with the weights of `schedulefree` 1.4.

    >>> tx, x = gl.schedule_free(gl.sgd(0.1), b1=0.0), jnp.array([1.0, 2.0])
    >>> state = tx.init(x)
    >>> for _ in range(2):  # of |x|^2 / 2
    ...     step, state = tx.update(x, state, x)
    ...     x = x + step
    >>> print(x, gl.eval_params(tx, state, x))  # the points, 0.9 and 0.81, and their average
    [0.81 1.62] [0.855 1.71 ]
    """
    refuse_points("schedule_free", tx, "eval_params", "gradient_params")
    refuse_steps("schedule_free", tx)

    def init(params):
        zero, average = jnp.zeros(()), params if store_average else ()
        ahead = map_by_shape(jnp.zeros_like, params)
        return ScheduleFreeState(jnp.zeros((), jnp.int32), zero, zero, zero, zero, ahead, average, raw_init(tx, params))

    def update(updates, state, params, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        step = optax.safe_increment(state.step)
        move, inner = raw_update(tx, updates, state.inner, params, signals)
        largest = jnp.maximum(as_weak(state.largest_rate), as_weak(learning_rate))
        c, weight_sum = weigh(step, as_weak(state.largest_rate), largest, as_weak(state.weight_sum))
        before, share, rest_before, rest = as_weak(state.share), 1 - as_weak(b1), as_weak(state.rest), 1 - c
        ahead = map_by_shape(lambda a, d: rest_before * a + d.astype(a.dtype), state.ahead, move)
        # z_{t-1} - x_{t-1}, from the new state, so that the old one need not be kept beside it.
        gap = map_by_shape(lambda a, d: a - d.astype(a.dtype), ahead, move)
        change = map_by_shape(lambda a, old: (c + share * rest) * a - before * old, ahead, gap)
        average = state.average
        if store_average:  # what the rounding of the parameters took from them is returned to them
            lost = map_by_shape(lambda x, old, y: x + before * old - y.astype(x.dtype), average, gap, params)
            average = map_by_shape(lambda x, a: x + c * a, average, ahead)
            change = map_by_shape(jnp.add, change, lost)
        change = map_by_shape(lambda d, u: d.astype(u.dtype), change, updates)
        return change, ScheduleFreeState(step, largest, weight_sum, share, rest, ahead, average, inner)

    def weigh(step, before, largest, weight_sum):
        """Return the share of the new point in the average, and the new sum of weights.

        Sums in units of the largest weight do not vanish for a small learning rate, and at a constant one the weights
        are ones, whose sum is exact.
        """
        moves = largest > 0
        weight = as_weak(step) ** weight_power * power(jnp.where(moves, 1.0, 0.0), weight_lr_power)
        total = weight + weight_sum * power(before / jnp.where(moves, largest, 1.0), weight_lr_power)
        return weight / jnp.where(total > 0, total, 1.0), total

    def evaluate(state, params):
        if store_average:
            return state.average
        share = as_weak(state.share) * as_weak(state.rest)
        return map_by_shape(lambda x, ahead: x - share * ahead.astype(x.dtype), params, state.ahead)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, eval_params=evaluate)


def _claims(free: Any) -> dict[str, Any]:
    """Return the claims of the optimizer. At a constant rate, all weights are the same, whatever their powers are."""
    own = {"except": ("every argument matters",)} if isinstance(free.learning_rate, float) else {}
    return join_claims(shared_claims(free.tx), own)


@equation_of(schedule_free)
def _(
    write: Writer,
    tx: Any,
    learning_rate: Any,
    b1: Any,
    weight_lr_power: Any,
    weight_power: Any,
    store_average: bool,
) -> Expression:
    move = write_step(write, tx)
    z, average = write.fresh("z"), write.fresh(r"\bar x")
    write.starts_at_parameters(z)
    write.starts_at_parameters(average)
    base = write.line(z, Expression(f"{z}_{{t-1}}").plus(move))
    share = _write_share(write, learning_rate, weight_lr_power, weight_power)
    last = f"{average}_{{t-1}}"
    mean = write.line(average, rf"{last} + {share} ({base} - {last})")
    write.evaluates_at(mean)
    beta = write.decay(b1, "1")
    return Expression.step_to(mean.times(beta).plus(base.times(beta.rest)))


def _write_share(write: Writer, learning_rate: Any, weight_lr_power: Any, weight_power: Any) -> str:
    """Return the share of the new point in LaTeX, after lines for the weights unless they are all the same."""
    factors = [] if is_zero(weight_power) else [f"t^{{{write.number('r', weight_power)}}}"]
    if not isinstance(learning_rate, float) and not is_zero(weight_lr_power):
        largest, alpha = write.fresh("l"), r"\alpha"
        rate = write.line(largest, rf"\max({largest}_{{t-1}}, {write.number(alpha, learning_rate)})")
        factors.append(f"{rate}^{{{write.number('p', weight_lr_power)}}}")
    if not factors:
        return r"\frac{1}{t}"
    total = write.fresh("W")
    write.line(total, rf"{total}_{{t-1}} + {' '.join(factors)}")
    return rf"\frac{{{' '.join(factors)}}}{{{total}_t}}"
