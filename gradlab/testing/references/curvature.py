"""References of methods that divide by an estimate of the curvature."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide


def scale_by_curvature(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float = 0.99,
    gamma: float = 0.01,
    eps: float = 1e-12,
    every: int = 10,
    curvature: float = 1.0,
) -> Step:
    r"""Divide by a running mean of the curvature, $d' = g / \max(\gamma h_t, \epsilon)$.

    At the steps 1, $1 + k$, $1 + 2 k$ and so on, $h_t = \beta h_{t-1} + (1 - \beta) c$; at all others it stays. `every`
    is $k$, and `gamma` is $\gamma$. The `curvature` $c$ is the same everywhere and at all steps.

    Source: Liu et al. (2023), algorithm 3.
    """
    h = state.get("h", np.zeros(np.shape(g)))
    if (t - 1) % every == 0:
        h = decay * h + (1 - decay) * curvature
    return divide(g, np.maximum(gamma * h, eps)), {"h": h}


def sophia(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.965,
    b2: float = 0.99,
    gamma: float = 0.01,
    eps: float = 1e-12,
    weight_decay: float | None = None,
    limit: float = 1.0,
    every: int = 10,
    curvature: float = 1.0,
) -> Step:
    r"""Divide the momentum by the curvature of `scale_by_curvature`, and bound each element of the result.

    $$x_t = x_{t-1} - \alpha (\min(\max(\frac{m_t}{\max(\gamma h_t, \epsilon)}, -c), c) + \lambda x_{t-1})$$

    $m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t$, the decay of $h$ is $\beta_2$, and `limit` is $c$. Source: Liu et al.
    (2023), algorithm 3.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    scaled, own = scale_by_curvature(m, state, t, x, decay=b2, gamma=gamma, eps=eps, every=every, curvature=curvature)
    return -learning_rate * (np.clip(scaled, -limit, limit) + (weight_decay or 0.0) * x), {"m": m, **own}
