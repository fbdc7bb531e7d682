"""Momentum: a running mean of the gradients as the direction, and Nesterov's look-ahead."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC
from ..core.composites import Composite
from ..core.decorators import transformation
from ..equations import Expression, Writer, add_accent, equation_of, is_ahead, is_zero
from ..values.numeric_arguments import Decay, Fraction, Hyperparameter, as_weak, is_schedule
from .bias_correction import power_weight


class MomentumState(NamedTuple):
    """The state of `scale_by_momentum` and of `nesterov_momentum`."""

    moment: Any  # m, like the parameters, at least float32


@transformation(
    splits_gradient=True, claims=lambda tx: ELEMENTWISE_AND_SYMMETRIC if is_zero(tx.initial) else ELEMENTWISE
)
def scale_by_momentum(decay: Decay = 0.9, dampening: Fraction | None = None, initial: Hyperparameter = 0.0):
    r"""Replace the direction by a running mean or sum of it, $m_t = \beta m_{t-1} + (1 - \tau) d_t$.

    `decay` is $\beta$ in [0, 1). `dampening` is $\tau$ in [0, 1]. By default it equals $\beta$, which gives an
    exponential moving average; 0 gives Polyak's heavy ball, a sum. `initial` is $m_0$, finite, in units of the
    direction (of the squared gradient, for an estimator in `scale_by_rms`). After this link, the direction of a chain
    is no longer its gradient.

    Source: Polyak (1964), equation 9; Qian (1999), equation 1.

    >>> tx, gradient = gl.scale_by_momentum(0.9), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)  # 0.9 * 0 + 0.1 g
    [ 0.2 -0.4]
    """
    dampening = decay if dampening is None else dampening

    def init(params):
        return MomentumState(map_by_shape(lambda p: jnp.full_like(p, initial), params))

    def update(updates, state):
        moment = map_by_shape(lambda m, d: decay * m + (1 - dampening) * d, state.moment, updates)
        return moment, MomentumState(moment)

    return init, update


class HeavyBallState(NamedTuple):
    """The state of `scale_by_heavy_ball`."""

    buffer: Any  # b, like the parameters, at least float32
    entries: jax.Array  # int32 scalar, how many directions have entered the buffer


@transformation(splits_gradient=True, claims=ELEMENTWISE_AND_SYMMETRIC)
def scale_by_heavy_ball(decay: Decay = 0.9, dampening: Fraction = 0.0):
    r"""Replace the direction by a buffer that begins as the first direction, $b_1 = d_1$, $b_t = \mu_t b_{t-1} + (1 -
    \tau) d_t$.

    `decay` is $\mu$ in [0, 1), `dampening` is $\tau$ in [0, 1]. While the decay is 0, the direction passes unchanged
    and the buffer does not change. So a schedule can turn momentum off and on again, or begin it late. PyTorch and
    Keras compute their momentum like this. In `scale_by_momentum` the buffer starts at a number and always changes.

    Source: Polyak (1964), equation 9; torch 2.13, `torch/optim/sgd.py`.

    >>> tx, gradient = gl.scale_by_heavy_ball(0.9), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(2):  # g, then (0.9 + 1) g
    ...     direction, state = tx.update(gradient, state)
    ...     print(direction)
    [ 2. -4.]
    [ 3.8 -7.6]
    """

    def init(params):
        return HeavyBallState(map_by_shape(jnp.zeros_like, params), jnp.zeros((), jnp.int32))

    def update(updates, state):
        rests = jnp.equal(decay, 0)
        share = jnp.where(state.entries == 0, 1.0, 1 - dampening)
        entered = map_by_shape(lambda b, d: decay * b + as_weak(share) * d, state.buffer, updates)
        buffer = map_by_shape(lambda old, b: jnp.where(rests, old, b), state.buffer, entered)
        direction = map_by_shape(lambda b, d: jnp.where(rests, d, b), buffer, updates)
        entries = jnp.where(rests, state.entries, optax.safe_increment(state.entries))
        return direction, HeavyBallState(buffer, entries)

    return init, update


class NesterovState(NamedTuple):
    """The state of `nesterov` with bias correction."""

    weight: Any  # w = 1 - prod u, float scalar: the total weight of the running mean so far; with `as_power` the step


@transformation(splits_gradient=True, claims=ELEMENTWISE_AND_SYMMETRIC)
def nesterov(
    decay: Decay = 0.9,
    dampening: Fraction | None = None,
    next_decay: Decay | None = None,
    corrected: bool = False,
    as_power: bool = False,
):
    r"""Look one step ahead along the momentum, $d' = \mu_{t+1} m_t + (1 - \tau) g_t$, with $g$ the chain's gradient.

    Place it after a `scale_by_momentum` with the same arguments. `decay` is $\mu_t$ in [0, 1), `dampening` is $\tau$ in
    [0, 1], by default $\mu_t$, and `next_decay` is $\mu_{t+1}$ in [0, 1), by default $\mu_t$. With `corrected`, both
    terms are made unbiased as in Nadam: $\mu_{t+1} m_t / (1 - \prod_{i \le t+1} \mu_i) + (1 - \tau) g_t / (1 - \prod_{i
    \le t} \mu_i)$. With `as_power` as well, each product is replaced by a power of the decay of its step,
    $\mu_{t+1}^{t+1}$ and $\mu_t^t$, as optax computes it (see `bias_correction`).

    Source: Nesterov (1983); Sutskever et al. (2013), equation 7; Dozat (2016), algorithm 2.

    >>> tx, gradient = gl.chain(gl.scale_by_momentum(0.9), gl.nesterov(0.9)), jnp.array([2.0, -4.0])
    >>> print(tx.update(gradient, tx.init(gradient))[0])  # (0.9 * 0.1 + 0.1) g
    [ 0.38 -0.76]
    """
    dampening = decay if dampening is None else dampening
    next_decay = decay if next_decay is None else next_decay

    def init(params):
        return NesterovState(jnp.zeros((), jnp.int32 if as_power else None) if corrected else ())

    def update(updates, state, *, grads=None):
        grads = updates if grads is None else grads
        if not corrected:
            return map_by_shape(lambda m, g: next_decay * m + (1 - dampening) * g, updates, grads), state
        if as_power:
            step = optax.safe_increment(state.weight)
            weight, next_weight = power_weight(decay, step), power_weight(next_decay, optax.safe_increment(step))
            new_state = NesterovState(step)
        else:
            weight = decay * as_weak(state.weight) + (1 - decay)
            next_weight = next_decay * weight + (1 - next_decay)
            new_state = NesterovState(weight)
        ahead, now = next_decay / next_weight, (1 - dampening) / weight
        return map_by_shape(lambda m, g: ahead * m + now * g, updates, grads), new_state

    return init, update


@transformation(splits_gradient=True, claims=ELEMENTWISE_AND_SYMMETRIC)
def nesterov_momentum(decay: Decay = 0.9):
    r"""Replace the direction by a momentum, $v_t = \mu_t v_{t-1} + d_t$, and take the gradient where it leads, at $x +
    \mu v$.

    It is Nesterov's method as published. `decay` is $\mu$ in [0, 1). The direction must be the step already, so place
    it last, after the learning rate. The gradient of a step is then that at `gradient_params(tx, state, params)`, which
    is $x_{t-1} + \mu_t v_{t-1}$. `make_step` and the laboratory take it there. A training loop that takes it at the
    parameters computes the heavy ball instead; for such loops, `nesterov` gives the same method in other variables.

    Source: Nesterov (1983); Sutskever et al. (2013), equations 3 and 4.

    >>> tx, x = gl.chain(gl.scale_by_learning_rate(0.1), gl.nesterov_momentum(0.9)), jnp.array([1.0, 2.0])
    >>> step, state = tx.update(x, tx.init(x), x)  # of |x|^2 / 2
    >>> x = x + step
    >>> print(x, gl.gradient_params(tx, state, x))  # the next gradient is taken 0.9 of the step ahead
    [0.9 1.8] [0.81 1.62]
    """

    def init(params):
        return MomentumState(map_by_shape(jnp.zeros_like, params))

    def update(updates, state):
        moment = map_by_shape(lambda v, d: decay * v + d, state.moment, updates)
        return moment, MomentumState(moment)

    def look_ahead(state, params):
        return map_by_shape(lambda x, v: x + decay * v.astype(x.dtype), params, state.moment)

    return Composite(init, update, {}, lambda state: {}, gradient_params=look_ahead)


@equation_of(scale_by_momentum)
def _(write: Writer, decay: Any, dampening: Any, initial: Any) -> Expression:
    direction = write.direction()
    beta, moment = write.decay(decay, base=r"\mu" if is_zero(dampening) else r"\beta"), write.fresh(write.letter)
    write.start(moment, initial)
    return write.line(
        moment, Expression(f"{beta} {moment}_{{t-1}}").plus(direction.times(_write_share(write, beta, dampening)))
    )


@equation_of(scale_by_heavy_ball)
def _(write: Writer, decay: Any, dampening: Any) -> Expression:
    direction = write.direction()
    mu, buffer = write.decay(decay, base=r"\mu"), write.fresh("b" if write.letter == "m" else write.letter)
    share = _write_share(write, mu, dampening)
    if share:
        write.starts_with(buffer, direction)
    return write.line(buffer, Expression(f"{mu} {buffer}_{{t-1}}").plus(direction.times(share)))


@equation_of(nesterov)
def _(write: Writer, decay: Any, dampening: Any, next_decay: Any, corrected: bool, as_power: bool) -> Expression:
    moment, gradient = write.symbol(), write.read_gradient()
    mu = write.decay(decay, base=r"\mu")
    share = _write_share(write, mu, dampening)
    is_shifted = next_decay is None or is_ahead(next_decay, decay)
    later = mu if is_shifted else write.decay(next_decay, base=r"\mu")
    coefficient = later.at("t+1" if is_shifted and next_decay is not None else "t")
    if not corrected:
        return moment.times(coefficient).plus(gradient.times(share))
    if as_power:
        next_weight = f"1 - {coefficient}^{{t+1}}"
    elif is_shifted and (next_decay is not None or not is_schedule(decay)):
        next_weight = mu.weight("t+1")
    else:  # the next decay is a number of its own, and not the one that the next step has
        next_weight = mu.weight().replace("1 - ", f"1 - {coefficient} ", 1)
    ahead = moment.times(coefficient).over(next_weight)
    now = gradient.times(share).over(mu.weight(as_power=as_power))
    return write.line(write.fresh(add_accent(r"\hat", moment)), ahead.plus(now))


@equation_of(nesterov_momentum)
def _(write: Writer, decay: Any) -> Expression:
    direction, mu, velocity = write.direction(), write.decay(decay, base=r"\mu"), write.fresh("v")
    write.takes_gradient_at(Expression("x_{t-1}").plus(Expression(f"{mu} {velocity}_{{t-1}}", "scaled")))
    return write.line(velocity, Expression(f"{mu} {velocity}_{{t-1}}").plus(direction))


def _write_share(write: Writer, decay: Any, dampening: Any) -> str:
    """Return the factor of the new direction in LaTeX."""
    if dampening is None:
        return str(decay.rest)
    return "" if is_zero(dampening) else str(write.number(r"\tau", dampening).rest)
