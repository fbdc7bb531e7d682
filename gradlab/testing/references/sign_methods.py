"""References of the methods that move by a sign: Signum, Lion, and cautious Lion."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide


def signum(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-4,
    momentum: float = 0.9,
    weight_decay: float | None = None,
) -> Step:
    r"""Move by the sign of the momentum, $x_t = x_{t-1} - \alpha (\operatorname{sign}(m_t) + \lambda x_{t-1})$.

    $m_t = \mu m_{t-1} + (1 - \mu) g_t$. Source: Bernstein et al. (2018), Algorithm 2; the decay from Bernstein et al.
    (2019), Algorithm 1.
    """
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return -learning_rate * (_sign(m) + (weight_decay or 0.0) * x), {"m": m}


def lion(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-4,
    b1: float = 0.9,
    b2: float = 0.99,
    weight_decay: float | None = None,
) -> Step:
    r"""Move by the sign of a mix of the momentum before and the gradient.

    $$d_t = \operatorname{sign}(\beta_1 m_{t-1} + (1 - \beta_1) g_t), \quad
    x_t = x_{t-1} - \alpha (d_t + \lambda x_{t-1}), \quad m_t = \beta_2 m_{t-1} + (1 - \beta_2) g_t$$

    Source: Chen et al. (2023), Algorithm 2.
    """
    m = state.get("m", 0.0)
    u = _sign(b1 * m + (1 - b1) * g)
    return -learning_rate * (u + (weight_decay or 0.0) * x), {"m": b2 * m + (1 - b2) * g}


def cautious_lion(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-4,
    b1: float = 0.9,
    b2: float = 0.99,
    weight_decay: float | None = None,
    min_share: float = 1e-3,
) -> Step:
    """Move as Lion where $d_t g_t > 0$, and farther by the inverse of the share of such elements.

    $d_t$ is the direction of `lion`, and the share counts as `min_share` where it is smaller. Source: Liang et al.
    (2024), Algorithm 3.
    """
    m = state.get("m", 0.0)
    u = keep_agreeing(_sign(b1 * m + (1 - b1) * g), g, min_share)
    return -learning_rate * (u + (weight_decay or 0.0) * x), {"m": b2 * m + (1 - b2) * g}


def keep_agreeing(u: Array, g: Array, min_share: float) -> Array:
    """Return u where it makes an acute angle with g, divided by the share of such elements (at least `min_share`)."""
    kept = np.real(np.conj(_sign(u)) * _sign(g)) > 0
    share = np.count_nonzero(kept) / max(kept.size, 1)
    return np.where(kept, u / max(share, min_share), 0.0)


def _sign(u: Array) -> Array:
    """Return the sign, or the phase of a complex number, and 0 at 0."""
    return divide(u, np.abs(u))
