"""References of methods that divide by an estimate of the curvature."""

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
    """Divide by max(c h, e), where h = b h + (1 - b) times the curvature at the steps 1, 1 + k, 1 + 2 k...

    The curvature is the same everywhere and at all steps. Source: Liu et al. (2023), algorithm 3.
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
    """Move by a (clip(m / max(c h, e), -l, l) + d x) with m = b1 m + (1 - b1) g, where h averages a curvature of 1.

    Source: Liu et al. (2023), algorithm 3.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    scaled, own = scale_by_curvature(m, state, t, x, decay=b2, gamma=gamma, eps=eps, every=every, curvature=curvature)
    return -learning_rate * (np.clip(scaled, -limit, limit) + (weight_decay or 0.0) * x), {"m": m, **own}
