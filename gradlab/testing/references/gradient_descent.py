"""References of gradient descent: plain, with momentum, and by sign."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def sgd(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-2,
    momentum: float | None = None,
    nesterov: bool = False,
    dampening: float = 0.0,
    next_momentum: float | None = None,
) -> Step:
    r"""Descend by $x_t = x_{t-1} - \alpha g_t$, with the heavy ball, or with Nesterov's look-ahead.

    With `momentum`, it is the heavy ball, $v_t = \mu v_{t-1} + (1 - \tau) g_t$ and $x_t = x_{t-1} - \alpha v_t$.
    `dampening` is $\tau$. With `nesterov` as well, the rate is inside the buffer, and $x$ stands for the point that
    momentum is about to reach.

    $$v_t = \mu_t v_{t-1} - \alpha (1 - \tau) g_t, \quad x_t = x_{t-1} + \mu_{t+1} v_t - \alpha (1 - \tau) g_t$$

    `next_momentum` is $\mu_{t+1}$ (None: equal to `momentum`). Without `momentum`, both `nesterov` and `dampening` are
    without effect.

    Sources: Cauchy (1847); Robbins & Monro (1951); Polyak (1964); Nesterov (1983) as in Sutskever et al. (2013), eqs.
    3-4.
    """
    if momentum is None:
        return -learning_rate * g, {}
    g = (1 - dampening) * g
    if nesterov:
        v = momentum * state.get("v", 0.0) - learning_rate * g
        ahead = momentum if next_momentum is None else next_momentum
        return ahead * v - learning_rate * g, {"v": v}
    v = momentum * state.get("v", 0.0) + g
    return -learning_rate * v, {"v": v}


def momentum_average(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    decay: float = 0.9,
) -> Step:
    r"""Descend along the running mean of the gradients, $x_t = x_{t-1} - \alpha m_t$.

    $m_t = \beta m_{t-1} + (1 - \beta) g_t$. Source: Qian (1999), in the scaling of a mean.
    """
    m = decay * state.get("m", 0.0) + (1 - decay) * g
    return -learning_rate * m, {"m": m}


def sign_sgd(g: Array, state: State, t: int, x: Array, *, learning_rate: float) -> Step:
    r"""Descend by the sign, $x_t = x_{t-1} - \alpha \operatorname{sign}(g_t)$.

    The sign of a complex $g$ is $g / |g|$, and that of 0 is 0. Source: Bernstein et al. (2018), Algorithm 1.
    """
    return -learning_rate * np.sign(g), {}
