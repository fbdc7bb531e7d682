"""Bias correction: the division of running means by their total weight, because they start at zero."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.leaf_maps import map_by_shape
from ..core.claims import ELEMENTWISE_AND_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, add_accent, equation_of
from ..values.numeric_arguments import Decay, as_weak


class BiasCorrectionState(NamedTuple):
    """The state of `bias_correction`: float scalars, or () for a moment that is not corrected."""

    first_weight: Any  # $1 - \beta_1^t$
    second_weight: Any  # $1 - \beta_2^t$


class PowerCorrectionState(NamedTuple):
    """The state of `bias_correction` with `as_power`."""

    step: jax.Array  # $t$, int32 scalar, the number of updates so far


@transformation(claims=ELEMENTWISE_AND_SYMMETRIC)
def bias_correction(first_decay: Decay | None = None, second_decay: Decay | None = None, as_power: bool = False):
    r"""Correct running means for their start at zero, $d' = d \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)$.

    `first_decay` is $\beta_1$ in [0, 1), the decay of the mean that is the direction. `second_decay` is $\beta_2$ in
    [0, 1), the decay of the second moment by whose root the direction was divided. Either may be left out. Raises
    ValueError if both are, because nothing would be corrected.

    The weight $w_t = 1 - \beta^t$ is computed as the running mean of ones, $w_t = \beta w_{t-1} + (1 - \beta)$. So it
    is exact from the first step (where $1 - 0.999^t$ in float32 is off by 1e-5), and right for a decay that is a
    schedule.

    `as_power` computes $1 - \beta_t^t$ from the decay of the step instead, as PyTorch, Keras and optax do. The two
    differ only for a decay that changes, for which the power is not the weight of any mean. Use `as_power` to continue
    a run of one of these frameworks. Source: Kingma & Ba (2015), section 3.

    >>> mean, gradient = gl.scale_by_momentum(0.9), jnp.array([2.0, -4.0])
    >>> for tx in (mean, gl.chain(mean, gl.bias_correction(0.9))):
    ...     print(tx.update(gradient, tx.init(gradient))[0])
    [ 0.2 -0.4]
    [ 2. -4.]
    """
    if first_decay is None and second_decay is None:
        raise ValueError(
            "bias_correction: no decay was given, so it would correct nothing; give first_decay, the decay of "
            "the running mean that is the direction, second_decay, that of the second moment, or both"
        )

    def init(params):
        if as_power:
            return PowerCorrectionState(jnp.zeros((), jnp.int32))
        return BiasCorrectionState(*(() if decay is None else jnp.zeros(()) for decay in (first_decay, second_decay)))

    def update(updates, state):
        first: Any
        second: Any
        if as_power:
            step = optax.safe_increment(state.step)
            new_state: Any = PowerCorrectionState(step)
            first, second = (
                () if decay is None else power_weight(decay, step) for decay in (first_decay, second_decay)
            )
        else:
            first, second = _grow(first_decay, state.first_weight), _grow(second_decay, state.second_weight)
            new_state = BiasCorrectionState(first, second)
        factor = (1.0 if second_decay is None else jnp.sqrt(second)) / (1.0 if first_decay is None else first)
        return map_by_shape(lambda d: factor * d, updates), new_state

    return init, update


def power_weight(decay: Any, step: Any) -> jax.Array:
    r"""Return $1 - \beta^t$, weakly typed, for a decay in [0, 1) and a step of at least 1.

    The plain difference loses most of its digits for a decay near 1. The logarithm is not finite at 0, in value or
    derivative. So each is used where it is exact.
    """
    decay, step = as_weak(decay), as_weak(step)
    near_one = decay > 0.5
    by_logarithm = -jnp.expm1(step * jnp.log(jnp.where(near_one, decay, 0.5)))
    return jnp.where(near_one, by_logarithm, 1 - jnp.where(near_one, 0.5, decay) ** step)


def _grow(decay: Any, weight: Any) -> Any:
    """Return the weight of a running mean after one more step."""
    return () if decay is None else decay * as_weak(weight) + (1 - decay)


@equation_of(bias_correction)
def _(write: Writer, first_decay: Any, second_decay: Any, as_power: bool) -> Expression:
    first = None if first_decay is None else write.decay(first_decay).weight(write.steps, as_power)
    second = None if second_decay is None else write.decay(second_decay, "2").weight(write.steps, as_power)
    direction = write.direction()
    if first and not second and direction.kind == "atom":
        return write.line(write.fresh(add_accent(r"\hat", direction)), direction.over(first))
    factor = rf"\sqrt{{{second}}}" if second else ""
    return direction.over(first, factor) if first else direction.times(factor)
