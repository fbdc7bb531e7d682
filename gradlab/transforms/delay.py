"""`delay`, the direction of the step before."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from ..arithmetic.leaf_maps import map_by_shape
from ..core.claims import ELEMENTWISE, ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import Hyperparameter


class DelayState(NamedTuple):
    """The state of `delay`."""

    last: Any  # the direction of the step before, like the parameters, at least float32
    is_first: Any  # bool scalar, true until the first update; () where the first result is a number


def _claims(delayed: Any) -> dict[str, Any]:
    names = ELEMENTWISE_AND_SYMMETRIC if delayed.first is None or is_zero(delayed.first) else ELEMENTWISE
    return {**dict.fromkeys(names, True), "link": True}


@transformation(claims=_claims)
def delay(first: Hyperparameter | None = None):
    r"""Replace the direction by that of the step before, $d'_t = d_{t-1}$.

    `first` is the result at the first step: a finite number for every element, by default the direction itself,
    $d'_1 = d_1$. `add(chain(), chain(delay(), scale(-1.0)))` is the change of the direction since the last
    step. In an estimator it gives the second moment before the current gradient enters it, as in ADOPT.

    >>> tx, gradient = gl.delay(first=0.0), jnp.array([2.0, -4.0])
    >>> direction, state = tx.update(gradient, tx.init(gradient))
    >>> print(direction)
    [0. 0.]
    >>> print(tx.update(3 * gradient, state)[0])
    [ 2. -4.]
    """

    def init(params):
        last = map_by_shape(lambda p: jnp.full_like(p, 0.0 if first is None else first), params)
        return DelayState(last, jnp.array(True) if first is None else ())

    def update(updates, state):
        if first is not None:
            return state.last, DelayState(updates, ())
        delayed = map_by_shape(lambda d, last: jnp.where(state.is_first, d, last), updates, state.last)
        return delayed, DelayState(updates, jnp.zeros_like(state.is_first))

    return init, update


@equation_of(delay)
def _(write: Writer, first: Any) -> Expression:
    direction = write.symbol()
    letter = write.fresh("d")
    if first is None:
        write.starts_with(letter, direction)
    else:
        write.start(letter, first)
    return write.line(letter, str(direction).replace("_t", "_{t-1}"))
