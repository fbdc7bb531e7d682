"""Sophia: a momentum that is divided by an estimate of the curvature, and bounded."""

from __future__ import annotations

from typing import Any

import optax

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.clipping import clip_by_value
from ..transforms.curvature import hutchinson, scale_by_curvature
from ..transforms.decay import decay_links
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, Limit, NonNegative


@recipe(claims=("descends",))
def sophia(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.965,
    b2: Decay = 0.99,
    gamma: NonNegative = 0.01,
    eps: NonNegative = 1e-12,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    limit: Limit = 1.0,
    every: int = 10,
    signal: optax.GradientTransformation | None = None,
):
    r"""Sophia: momentum over the diagonal of the Hessian, bounded, $x_t = x_{t-1} - \alpha \operatorname{clip}(m_t /
    \max(\gamma h_t, \epsilon), \pm c)$.

    $m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t$, without correction, with `b1` in [0, 1). $h_t$ is that of
    `scale_by_curvature`, with `b2`, `gamma`, `eps` and `every`. `limit` is $c$ in [0, inf]. `signal` estimates the
    curvature: by default `hutchinson()`, which needs `params` and `gradient_fn`, as `make_step` passes them;
    `gauss_newton_bartlett(batch_size)` is that of Sophia-G, with a `gamma` of 0.05. `weight_decay` and `mask` are those
    of `adamw`; None decays nothing. optax corrects $m_t$, and divides by the $h$ of the step before.

    Source: Liu et al. (2023), algorithm 3.

    >>> tx, x = gl.sophia(0.1, gamma=1.0, limit=10.0), jnp.array([1.0, 2.0])
    >>> gradient = lambda x: jnp.array([1.0, 4.0]) * x  # of a quadratic with the curvatures 1 and 4
    >>> step, state = tx.update(gradient(x), tx.init(x), x, gradient_fn=gradient)
    >>> print(step)  # -0.1 * 0.035 g / (0.01 h): along Newton's step -x, as g / h = x
    [-0.35 -0.7 ]
    """
    return chain(
        scale_by_momentum(b1),
        scale_by_curvature(hutchinson() if signal is None else signal, b2, gamma, eps, every),
        clip_by_value(limit),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
