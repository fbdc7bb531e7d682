"""Links that multiply by a number, or keep the sign only."""

from __future__ import annotations

import jax.numpy as jnp

from ..arithmetic import divide, magnitude
from ..base import transformation
from ..hyperparameters import Hyperparameter, NonNegative
from ..stateless import leafwise


@transformation
def scale(factor: Hyperparameter):
    """Multiply by a number, $d' = c d$. `factor` is $c$, finite and of any sign."""
    return leafwise(lambda d: factor * d)


@transformation
def scale_by_learning_rate(learning_rate: NonNegative):
    r"""Turn a direction into a step down, $d' = -\alpha d$. `learning_rate` is $\alpha$ in [0, inf)."""
    return leafwise(lambda d: -learning_rate * d)


@transformation
def scale_by_sign():
    r"""Keep the sign only, $d' = d / |d|$, and 0 at 0 and (for complex leaves) the phase.

    Source: Riedmiller & Braun (1993), Rprop; Bernstein et al. (2018), signSGD.
    """
    return leafwise(lambda d: divide(d, magnitude(d)) if jnp.iscomplexobj(d) else jnp.sign(d))
