"""`reduce_on_plateau`, which lowers the rate when the loss has stopped to improve."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import Fraction, NonNegative, PositiveSteps, Steps, as_weak


class PlateauState(NamedTuple):
    """The state of `reduce_on_plateau`."""

    scale: jax.Array  # s, float scalar, the product of all reductions so far
    best: jax.Array  # float scalar, the lowest mean value so far
    plateau: jax.Array  # int32 scalar, how many mean values in a row did not improve on it
    resting: jax.Array  # int32 scalar, how many mean values are not counted any more after a reduction
    total: jax.Array  # float scalar, the sum of the values since the last mean
    entries: jax.Array  # int32 scalar, the number of these values

    def metrics(self) -> dict[str, jax.Array]:
        """Return the scale and the best value."""
        return {"reduce_on_plateau/scale": self.scale, "reduce_on_plateau/best": self.best}


@transformation(claims=dict.fromkeys(ELEMENTWISE_AND_SYMMETRIC, True) | {"except": ("every argument matters",)})
def reduce_on_plateau(
    factor: Fraction = 0.1,
    patience: PositiveSteps = 10,
    rtol: Fraction = 1e-4,
    atol: NonNegative = 0.0,
    cooldown: Steps = 0,
    accumulation_size: PositiveSteps = 1,
    min_scale: NonNegative = 0.0,
):
    r"""Lower the rate when the loss has stopped to improve, $d' = s_t d$, $s_t = \max(\gamma s_{t-1}, s_{\min})$ on a
    plateau.

    Place it next to the learning rate, behind the links that are not to notice it. `factor` is $\gamma$
    in [0, 1]. The loss comes from the extra argument `value`, which `make_step` passes; in a loop of your own, call
    `update(updates, state, params, value=loss)`. It may be another number that is to fall, such as a validation loss.

    A value improves if it is below $(1 - r) b - a$, where $b$ is the best so far, `rtol` is $r$ in [0, 1], and `atol`
    is $a$ in [0, inf). `patience` is how many values in a row may fail to improve until the rate is lowered, at least
    1. After that, `cooldown` values count for nothing but the best, and then the patience starts anew. With an
    `accumulation_size` above 1, the means of as many values are compared, because losses of mini-batches vary. The
    scale does not fall below `min_scale`, in [0, inf).

    `gl.metrics(state)` has the scale and the best value. A NaN does not improve. `update` raises ValueError without
    `value`. Source: PyTorch's `ReduceLROnPlateau`; optax's `contrib.reduce_on_plateau`.

    >>> tx, gradient = gl.reduce_on_plateau(factor=0.5, patience=2), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for loss in (1.0, 1.0, 1.0):  # the last two do not improve
    ...     direction, state = tx.update(gradient, state, value=loss)
    >>> print(direction)
    [ 1. -2.]
    """

    def init(params):
        zero, none = jnp.zeros((), find_widest_dtype(params)), jnp.zeros((), jnp.int32)
        return PlateauState(zero + 1, zero + jnp.inf, none, none, zero, none)

    def update(updates, state, *, value=None):
        if value is None:
            raise ValueError(
                "reduce_on_plateau reads the loss: gl.make_step passes it, or call "
                "update(updates, state, params, value=loss)"
            )
        total = state.total + jnp.asarray(value).astype(state.total.dtype)
        entries = optax.safe_increment(state.entries)
        is_complete = as_weak(entries) >= accumulation_size
        state = _select(
            is_complete, compare(state, total / as_weak(entries)), state._replace(total=total, entries=entries)
        )
        return jax.tree.map(lambda d: state.scale.astype(d.dtype) * d, updates), state

    def compare(state, mean):
        improves = mean < (1 - rtol) * state.best - atol
        plateau = jnp.where(improves, 0, optax.safe_increment(state.plateau))
        rests = state.resting > 0
        reduces = ~rests & ~improves & (as_weak(plateau) >= patience)
        return PlateauState(
            jnp.where(reduces, jnp.maximum(factor * state.scale, min_scale), state.scale),
            jnp.where(improves, mean, state.best),
            jnp.where(rests | reduces, 0, plateau),
            jnp.where(reduces, jnp.asarray(cooldown).astype(jnp.int32), jnp.maximum(state.resting - 1, 0)),
            jnp.zeros_like(state.total),
            jnp.zeros_like(state.entries),
        )

    return init, update


def find_widest_dtype(params: Any) -> Any:
    """Return the widest real dtype of the parameters, which are at least float32."""
    dtypes = [jnp.dtype("float32"), *(leaf.real.dtype for leaf in jax.tree.leaves(params))]
    return max(dtypes, key=lambda dtype: dtype.itemsize)


def _select(condition: jax.Array, one: PlateauState, other: PlateauState) -> PlateauState:
    return PlateauState(*(jnp.where(condition, a, b) for a, b in zip(one, other, strict=True)))


@equation_of(reduce_on_plateau)
def _(write: Writer, **numbers: Any) -> Expression:
    return write.whole().times(f"{write.fresh('s')}_t")
