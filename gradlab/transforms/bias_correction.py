"""Bias correction: running means start at zero, and this undoes it."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ..base import transformation
from ..hyperparameters import Decay, weak


class BiasCorrectionState(NamedTuple):
    """The state of `bias_correction`: float scalars, or () where there is no such moment."""

    first_weight: Any  # 1 - b1^t
    second_weight: Any  # 1 - b2^t


@transformation
def bias_correction(first_decay: Decay | None = None, second_decay: Decay | None = None):
    r"""Undo the pull of the zeros that running means start from, $d' = d \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)$.

    `first_decay` is $\beta_1$ in [0, 1), the decay of the mean that is the direction; `second_decay` is $\beta_2$, the
    decay of the second moment by whose root the direction was divided. Either may be left out.

    The weight $w_t = 1 - \beta^t$ is kept as what it is, the running mean of ones, $w_t = \beta w_{t-1} + (1 -
    \beta)$: exact from step one (in float32, $1 - 0.999^t$ is off by 1e-5 there), and right for a decay that is a
    schedule. Source: Kingma & Ba (2015), section 3.
    """

    def init(params):
        return BiasCorrectionState(*(() if decay is None else jnp.zeros(()) for decay in (first_decay, second_decay)))

    def update(updates, state):
        first, second = _grow(first_decay, state.first_weight), _grow(second_decay, state.second_weight)
        factor = (1.0 if second_decay is None else jnp.sqrt(second)) / (1.0 if first_decay is None else first)
        return jax.tree.map(lambda d: factor * d, updates), BiasCorrectionState(first, second)

    return init, update


def _grow(decay: Any, weight: Any) -> Any:
    return () if decay is None else decay * weak(weight) + (1 - decay)
