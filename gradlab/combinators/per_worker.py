"""`per_worker`, which keeps a state for each worker of a data-parallel run."""

from __future__ import annotations

import jax
import optax

from ..core.claims import claims_of
from ..core.composites import Composite
from ..core.decorators import transformation
from ..core.transformation_calls import hand_on, raw_init, raw_update
from ..equations import Expression, Writer, equation_of


@transformation(splits_gradient="tx", claims=lambda wrapped: claims_of(wrapped.tx))
def per_worker(tx: optax.GradientTransformation):
    """Keep the state of a transformation with a first axis for the workers, because it differs between them.

    Inside `jax.shard_map` each device is a worker, with a gradient of its own, and momentum or an error before the
    gradients are averaged is its own, too. Inside, the first axis of the state has a size of 1. Outside, with
    `jax.P("data")` for the state in `in_specs` and `out_specs`, it is that of all workers, and each device holds its
    part. So one array holds what all workers remember, and a checkpoint saves it whole.

    Call `init` inside `jax.shard_map`, too: `jax.shard_map(tx.init, mesh=mesh, in_specs=jax.P(),
    out_specs=jax.P("data"))(params)`.

    >>> tx = gl.per_worker(gl.scale_by_momentum())
    >>> print(tx.init(jnp.zeros(2)).moment.shape)  # one worker with two parameters
    (1, 2)
    """

    def init(params):
        return _add_axis(raw_init(tx, params))

    def update(updates, state, params=None, *, grads=None, **extra):
        signals = hand_on(extra, grads)
        updates, state = raw_update(tx, updates, _drop_axis(state), params, signals)
        return updates, _add_axis(state)

    return Composite(init, update, {"tx": tx}, lambda state: {"tx": _drop_axis(state)})


def _add_axis(state):
    return jax.tree.map(lambda leaf: leaf[None], state)


def _drop_axis(state):
    return jax.tree.map(lambda leaf: leaf[0], state)


@equation_of(per_worker)
def _(write: Writer, tx: optax.GradientTransformation) -> Expression:
    return write.through(tx)
