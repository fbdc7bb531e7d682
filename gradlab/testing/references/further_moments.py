"""References of the methods that add a moment to Adam, or the gradient before: Adan, AdEMAMix, ADOPT, MARS."""

from __future__ import annotations

import math

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments, square


def adan(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.98,
    b2: float = 0.92,
    b3: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float | None = None,
) -> Step:
    r"""Look ahead along the change of the gradient, then shrink the parameters.

    $$x_t = \frac{1}{1 + \alpha \lambda}
    (x_{t-1} - \alpha \frac{\hat m_t + \beta_2 \hat d_t}{\sqrt{\hat n_t} + \epsilon})$$

    With the change $c_t = g_t - g_{t-1}$, which is 0 at first, $m_t$ is the mean of $g_t$ with the decay $\beta_1$,
    $d_t$ that of $c_t$ with $\beta_2$, and $n_t$ that of $|g_t + \beta_2 c_t|^2$ with $\beta_3$. All are corrected.

    Source: Xie et al. (2022), Algorithm 1, whose betas are 1 minus these.
    """
    c = g - state.get("g", g)
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    d = b2 * state.get("d", 0.0) + (1 - b2) * c
    n = b3 * state.get("n", 0.0) + (1 - b3) * square(g + b2 * c)
    u = divide(m / (1 - b1**t) + b2 * d / (1 - b2**t), np.sqrt(n / (1 - b3**t)) + eps)
    shrink = learning_rate * (weight_decay or 0.0)
    return (-learning_rate * u - shrink * x) / (1 + shrink), {"g": g, "m": m, "d": d, "n": n}


def ademamix(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    b3: float = 0.9999,
    alpha: float = 5.0,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    warmup_steps: float | None = None,
) -> Step:
    r"""Add a slow momentum $s_t = \beta_3 s_{t-1} + (1 - \beta_3) g_t$ that is not corrected.

    $$x_t = x_{t-1} - \alpha (\frac{\hat m_t + a s_t}{\sqrt{\hat v_t} + \epsilon} + \lambda x_{t-1})$$

    `alpha` is $a$. In the first $T$ steps, the `warmup_steps`, it grows with the share $\tau = t / T$ as $a \tau$, and
    $\beta_3$ grows as

    $$\exp \frac{\ln \beta_1 \ln \beta_3}{(1 - \tau) \ln \beta_3 + \tau \ln \beta_1}$$

    Source: Pagliardini et al. (2024), Algorithm 1.
    """
    if warmup_steps is not None and t < warmup_steps:
        share = t / warmup_steps
        start, end = (1 / math.log(b) if b > 0 else 0.0 for b in (b1, b3))
        inverse = (1 - share) * start + share * end
        b3 = math.exp(1 / inverse) if inverse < 0 else 0.0
        alpha *= share
    m, v = moments(g, state, b1, b2)
    s = b3 * state.get("slow", 0.0) + (1 - b3) * g
    d = divide(m / (1 - b1**t) + alpha * s, np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (d + (weight_decay or 0.0) * x), {"m": m, "v": v, "slow": s}


def adopt(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.9999,
    eps: float = 1e-6,
    weight_decay: float | None = None,
    clip_exponent: float = 0.25,
) -> Step:
    r"""Divide by the second moment of the step before, and bound each element of the result.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1) \min(\max(\frac{g_t}{\max(\sqrt{v_{t-1}}, \epsilon)}, -c_t), c_t)$$

    $x_t = x_{t-1} - \alpha (m_t + \lambda x_{t-1})$, then $v_t = \beta_2 v_{t-1} + (1 - \beta_2) |g_t|^2$. The bound is
    $c_t = (t - 1)^p$, and `clip_exponent` is $p$. The first gradient only begins $v_1 = |g_1|^2$.

    Source: Taniguchi et al. (2024), Algorithm 2.
    """
    if t == 1:
        return -learning_rate * (weight_decay or 0.0) * x, {"m": np.zeros_like(g), "v": square(g)}
    bound, u = (t - 1.0) ** clip_exponent, divide(g, np.maximum(np.sqrt(state["v"]), eps))
    imaginary = 1j * np.clip(u.imag, -bound, bound) if np.iscomplexobj(u) else 0.0
    m = b1 * state["m"] + (1 - b1) * (np.clip(u.real, -bound, bound) + imaginary)
    v = b2 * state["v"] + (1 - b2) * square(g)
    return -learning_rate * (m + (weight_decay or 0.0) * x), {"m": m, "v": v}


def mars(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 3e-3,
    b1: float = 0.95,
    b2: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    gamma: float = 0.025,
    max_norm: float = 1.0,
) -> Step:
    r"""Take the step of AdamW for a gradient that is moved along its last change.

    $$c_t = g_t + \gamma \frac{\beta_1}{1 - \beta_1} (g_t - g_{t-1})$$

    Where the norm of $c_t$ is above `max_norm`, it is shortened to that. The change of the gradient is 0 at first.
    `gamma` is $\gamma$. Source: Yuan et al. (2024), Algorithms 2 and 3, with the gradient of the batch before.
    """
    c = g + gamma * b1 / (1 - b1) * (g - state.get("g", g))
    norm = float(np.linalg.norm(c.ravel()))
    c = c * (max_norm / norm) if norm > max_norm else c
    m, v = moments(c, state, b1, b2)
    d = divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (d + (weight_decay or 0.0) * x), {"m": m, "v": v, "g": g}
