"""`accumulate`, which collects the gradients of several micro-batches for one step."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..core.base import Transformation
from ..core.boundary import PyTree
from ..core.claims import shared_claims
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import raw_init, reads_gradient, signals_of
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Range, as_weak
from .gates import update_if

MicroBatches: TypeAlias = Annotated[Any, Range(1.0, steps=True, hint="pass a number of micro-batches of at least 1")]

# These functions and this gradient belong to one micro-batch, and the step to all of them.
_OF_ONE_BATCH = ("grad", "value_fn", "gradient_fn")


class AccumulateState(NamedTuple):
    """The state of `accumulate`."""

    micro_batches: jax.Array  # int32 scalar, how many of the current batch have come
    weight: jax.Array  # float scalar, the sum of their weights
    gradient: PyTree  # the weighted sum of their gradients, like the parameters, at least float32
    value: jax.Array  # float scalar, the weighted sum of their losses
    inner: PyTree

    def metrics(self) -> dict[str, jax.Array]:
        """Return how many micro-batches of the current batch have come."""
        return {"accumulate/micro_batches": self.micro_batches}


@transformation(splits_gradient="tx", claims=lambda tx: _claims(tx))
def accumulate(tx: optax.GradientTransformation, every: MicroBatches = 4):
    r"""Collect the gradients of several micro-batches, and take one step with their mean, $\bar g = \sum_i w_i g_i /
    \sum_i w_i$.

    `tx` is the transformation that takes the step. It runs at the last micro-batch only, and at the others the update
    is zero. (Under `jax.vmap` over several optimizers it is computed at all of them, and the result is dropped.) So its
    schedules count steps, and a NaN among the micro-batches reaches no parameter before the step and is forgotten after
    it. `every` is the number of micro-batches for one step, at least 1. A schedule of it is evaluated at the number of
    micro-batches so far.

    The weights are 1, unless they are passed as `update(..., weight=w)`, a number above zero such as the number of
    examples or tokens in the micro-batch. One of weight 0 adds nothing, even if its gradient is NaN. A loss that is
    passed as `value` is averaged in the same way. Other extra arguments reach `tx` as they are at the last micro-batch.

    Raises ValueError where it is called if `tx` reads `grad`, `value_fn` or `gradient_fn`, which belong to one
    micro-batch; `make_step(loss, micro_batches=...)` accumulates those as well. `update` raises ValueError behind a
    link that splits the direction from the gradient, if `tx` reads the gradient, because only one of them is collected.

    >>> tx, x = gl.accumulate(gl.sgd(0.1), every=2), jnp.zeros(2)
    >>> state = tx.init(x)
    >>> for gradient in (jnp.array([2.0, 2.0]), jnp.array([4.0, -2.0])):
    ...     step, state = tx.update(gradient, state, x)
    ...     x = x + step
    ...     print(x)
    [0. 0.]
    [-0.3  0. ]
    """
    if isinstance(every, float) and every != int(every):
        raise ValueError(f"accumulate: every must be a whole number of micro-batches, got {every}")
    refused = sorted(signals_of(tx).intersection(_OF_ONE_BATCH))
    if refused:
        raise ValueError(
            f"accumulate: {_name(tx)} reads {' and '.join(refused)}, which would come from the last micro-batch alone. "
            f"Collect the micro-batches within the step: gl.make_step(loss, micro_batches=4) with {_name(tx)} itself"
        )

    def init(params):
        buffer = jax.tree.map(jnp.zeros_like, params)
        return AccumulateState(jnp.zeros((), jnp.int32), jnp.zeros(()), buffer, jnp.zeros(()), raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, value=None, weight=None, **extra):
        if grads is not None and reads_gradient(tx):
            raise ValueError(
                "accumulate collects one signal, but a link before it has split the direction from the gradient, and "
                "its transformation reads both; put the whole chain inside: accumulate(chain(...))"
            )
        count = optax.safe_increment(state.micro_batches)
        w = jnp.ones((), state.weight.dtype) if weight is None else jnp.asarray(weight).astype(state.weight.dtype)

        def weigh(total, x):
            if weight is None:
                return total + x
            return total + jnp.where(w == 0, 0, as_weak(w) * x).astype(total.dtype)

        weights = state.weight + w
        gradient = map_by_shape(weigh, state.gradient, updates)
        total_value = state.value if value is None else weigh(state.value, jnp.asarray(value).astype(state.value.dtype))
        divisor = jnp.where(weights == 0, 1, weights)

        def mean():
            return map_by_shape(lambda g: g / as_weak(divisor), gradient)

        signals = {name: own for name, own in extra.items() if name not in _OF_ONE_BATCH}
        if value is not None:
            signals["value"] = total_value / divisor
        if weight is not None:
            signals["weight"] = weights
        complete = as_weak(count) >= every
        updates, inner = update_if(complete, tx, mean, updates, state.inner, params, signals)

        def keep(x):  # multiplying by zero would keep a NaN
            return jnp.where(complete, jnp.zeros_like(x), x)

        return updates, AccumulateState(
            keep(count), keep(weights), jax.tree.map(keep, gradient), keep(total_value), inner
        )

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": state.inner}, gradient="changed")


def _claims(accumulated: Any) -> dict[str, Any]:
    tx, every = accumulated.tx, accumulated.every
    claims = shared_claims(tx)
    if isinstance(every, float | int) and every == int(every):
        whole = {"k": int(every), "inner": tx, "size": "weight"}
        claims |= {"accumulates": whole, "still between steps": int(every)}
    return claims


def _name(tx: Any) -> str:
    return tx.factory.name if isinstance(tx, Transformation) else "its transformation"


@equation_of(accumulate)
def _(write: Writer, tx: Any, every: Any) -> Expression:  # of one step, with the mean gradient of its micro-batches
    return write.through(tx)
