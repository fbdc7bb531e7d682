"""Estimators: links that estimate a second moment inside `scale_by_rms`. They work in any other place, too."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..arithmetic.safe_arithmetic import magnitude
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC, NOT_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Decay, NonNegative


class RunningMaxState(NamedTuple):
    """The state of `running_max`."""

    maximum: Any  # like the parameters


@transformation(splits_gradient=True, claims=dict.fromkeys(ELEMENTWISE, True) | NOT_SYMMETRIC)
def running_max():
    r"""Replace each element of the direction by its largest value so far, $d'_t = \max(d'_{t-1}, d_t)$, $d'_0 = 0$.

    Complex numbers are compared by magnitude. After a running mean of squares, it turns Adam into AMSGrad. Source:
    Reddi et al. (2018), algorithm 2.

    >>> tx = gl.running_max()
    >>> direction, state = tx.update(jnp.array([1.0, 5.0]), tx.init(jnp.zeros(2)))
    >>> print(tx.update(jnp.array([3.0, 2.0]), state)[0])
    [3. 5.]
    """

    def init(params):
        return RunningMaxState(map_by_shape(jnp.zeros_like, params))

    def update(updates, state):
        maximum = map_by_shape(_take_larger, state.maximum, updates)
        return maximum, RunningMaxState(maximum)

    return init, update


def _take_larger(old: jax.Array, new: jax.Array) -> jax.Array:
    """Return the larger of each two elements, for complex ones that of the larger magnitude."""
    if jnp.iscomplexobj(new):
        return jnp.where(magnitude(old) > magnitude(new), old, new)
    return jnp.maximum(old, new)


class RunningSumState(NamedTuple):
    """The state of `running_sum`."""

    total: Any  # like the parameters


@transformation(splits_gradient=True, claims=dict.fromkeys(ELEMENTWISE, True) | NOT_SYMMETRIC)
def running_sum(initial: NonNegative = 0.0):
    r"""Replace the direction by the sum of all directions so far, $s_t = s_{t-1} + d_t$. `initial` is $s_0$ in [0,
    inf).

    >>> tx = gl.running_sum()
    >>> direction, state = tx.update(jnp.array([1.0, 5.0]), tx.init(jnp.zeros(2)))
    >>> print(tx.update(jnp.array([3.0, 2.0]), state)[0])
    [4. 7.]
    """

    def init(params):
        return RunningSumState(map_by_shape(lambda p: jnp.full_like(p, initial), params))

    def update(updates, state):
        total = map_by_shape(jnp.add, state.total, updates)
        return total, RunningSumState(total)

    return init, update


class AdditiveMeanState(NamedTuple):
    """The state of `additive_mean`."""

    mean: Any  # v, like the parameters


@transformation(splits_gradient=True, claims=dict.fromkeys(ELEMENTWISE, True) | NOT_SYMMETRIC)
def additive_mean(decay: Decay = 0.999, initial: NonNegative = 0.0):
    r"""Replace the direction by a mean that moves by a share of it, $v_t = v_{t-1} + (1 - \beta)
    \operatorname{sign}(d_t - v_{t-1})\, d_t$.

    An ordinary running mean moves by a share of the difference $d_t - v_{t-1}$: one large gradient can raise it a lot,
    and many small ones make it forget fast. This mean moves by a share of $d_t$ alone. `decay` is $\beta$ in [0, 1) and
    `initial` is $v_0$ in [0, inf). Meant for directions that are not negative, as squares are; complex ones are
    compared by magnitude.

    Source: Zaheer et al. (2018), algorithm 2 (Yogi).

    >>> tx, square = gl.additive_mean(0.9), jnp.array([1.0, 100.0])
    >>> state = tx.init(square)
    >>> for _ in range(2):
    ...     mean, state = tx.update(square, state)
    ...     print(mean)  # by 0.1 times the square, up or down
    [ 0.1 10. ]
    [ 0.2 20. ]
    """

    def init(params):
        return AdditiveMeanState(map_by_shape(lambda p: jnp.full_like(p, initial), params))

    def update(updates, state):
        mean = map_by_shape(lambda v, d: v + (1 - decay) * (_compare(d, v) * d), state.mean, updates)
        return mean, AdditiveMeanState(mean)

    return init, update


def _compare(new: jax.Array, old: jax.Array) -> jax.Array:
    """Return 1 where the new element is larger, -1 where it is smaller and 0 where they are equal."""
    if jnp.iscomplexobj(new):
        return jnp.sign(magnitude(new) - magnitude(old)).astype(new.dtype)
    return jnp.sign(new - old)


class LaggedMeanState(NamedTuple):
    """The state of `lagged_mean`."""

    mean: Any  # v, like the parameters, at least float32
    is_first: jax.Array  # bool scalar, true until the first update


@transformation(splits_gradient=True, claims=ELEMENTWISE_AND_SYMMETRIC)
def lagged_mean(decay: Decay = 0.9999):
    r"""Replace the direction by the running mean of those before it, $d'_t = v_{t-1}$, $v_t = \beta v_{t-1} + (1 -
    \beta) d_t$.

    `decay` is $\beta$ in [0, 1). The mean begins as the first direction, which is also the first result. As an
    estimator in `scale_by_rms`, it keeps the current gradient out of the number that divides it.

    Source: Taniguchi et al. (2024), algorithm 2 (ADOPT).

    >>> tx = gl.lagged_mean(0.5)
    >>> state = tx.init(jnp.zeros(2))
    >>> for square in (1.0, 3.0, 3.0):  # the mean begins as the first one
    ...     mean, state = tx.update(jnp.array([square, square]), state)
    ...     print(mean)
    [1. 1.]
    [1. 1.]
    [2. 2.]
    """

    def init(params):
        return LaggedMeanState(map_by_shape(jnp.zeros_like, params), jnp.array(True))

    def update(updates, state):
        before = map_by_shape(lambda v, d: jnp.where(state.is_first, d, v), state.mean, updates)
        mean = map_by_shape(lambda v, d: decay * v + (1 - decay) * d, before, updates)
        return before, LaggedMeanState(mean, jnp.zeros_like(state.is_first))

    return init, update


@equation_of(running_max)
def _(write: Writer) -> Expression:
    direction = write.direction()
    base = direction.latex.removesuffix("_t").removeprefix(r"\hat ") if direction.kind in ("atom", "square") else "d"
    largest = write.fresh(rf"\bar {base}" if len(base) == 1 else write.letter)
    return write.line(largest, rf"\max({largest}_{{t-1}}, {direction})")


@equation_of(running_sum)
def _(write: Writer, initial: Any) -> Expression:
    total = write.fresh(write.letter if write.letter in ("L", "R") else "s")  # those of Shampoo
    write.start(total, initial)
    return write.line(total, Expression(f"{total}_{{t-1}}").plus(write.direction()))


@equation_of(additive_mean)
def _(write: Writer, decay: Any, initial: Any) -> Expression:
    direction, beta, mean = write.direction(), write.decay(decay), write.fresh(write.letter)
    write.start(mean, initial)
    sign = direction.plus(Expression(f"{mean}_{{t-1}}", negative=True)).inside(r"\operatorname{sign}")
    return write.line(mean, Expression(f"{mean}_{{t-1}}").plus(direction.times(rf"{beta.rest} {sign}")))


@equation_of(lagged_mean)
def _(write: Writer, decay: Any) -> Expression:
    direction, beta, mean = write.direction(), write.decay(decay), write.fresh(write.letter)
    write.starts_with(mean, direction, step=0)
    write.line(mean, Expression(f"{beta} {mean}_{{t-1}}").plus(direction.times(beta.rest)))
    return Expression(f"{mean}_{{t-1}}")
