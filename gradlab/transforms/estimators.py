"""Estimators: links that estimate a second moment inside `scale_by_rms`. They work in any other place, too."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..claims import ELEMENTWISE, NOT_SYMMETRIC
from ..decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..numeric_arguments import NonNegative
from ..safe_arithmetic import magnitude


class RunningMaxState(NamedTuple):
    """The state of `running_max`."""

    maximum: Any  # like the parameters


@transformation(splits_gradient=True, claims={**dict.fromkeys(ELEMENTWISE, True), **NOT_SYMMETRIC})
def running_max():
    r"""Replace by the largest so far, $d'_t = \max(d'_{t-1}, d_t)$, $d'_0 = 0$. Complex numbers compare by magnitude.

    After a running mean of squares, it turns Adam into AMSGrad. Source: Reddi et al. (2018), algorithm 2.
    """

    def init(params):
        return RunningMaxState(jax.tree.map(jnp.zeros_like, params))

    def update(updates, state):
        maximum = jax.tree.map(_take_larger, state.maximum, updates)
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


@transformation(splits_gradient=True, claims={**dict.fromkeys(ELEMENTWISE, True), **NOT_SYMMETRIC})
def running_sum(initial: NonNegative = 0.0):
    r"""Replace by the sum so far, $s_t = s_{t-1} + d_t$. `initial` is $s_0$ in [0, inf)."""

    def init(params):
        return RunningSumState(jax.tree.map(lambda p: jnp.full_like(p, initial), params))

    def update(updates, state):
        total = jax.tree.map(jnp.add, state.total, updates)
        return total, RunningSumState(total)

    return init, update


@equation_of(running_max)
def _(write: Writer) -> Expression:
    direction = write.direction()
    base = direction.latex.removesuffix("_t").removeprefix(r"\hat ") if direction.kind in ("atom", "square") else "d"
    largest = write.fresh(rf"\bar {base}" if len(base) == 1 else write.letter)
    return write.line(largest, rf"\max({largest}_{{t-1}}, {direction})")


@equation_of(running_sum)
def _(write: Writer, initial: Any) -> Expression:
    total = write.fresh("s")
    write.start(total, initial)
    return write.line(total, Expression(f"{total}_{{t-1}}").plus(write.direction()))
