"""References of later relatives of Adam, which divide by another moment, or step in another direction."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments, square
from gradlab.testing.references.adam_family import adamw
from gradlab.testing.references.sign_methods import keep_agreeing


def adabelief(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-16,
    eps_root: float = 1e-16,
) -> Step:
    r"""Divide by the surprise, the distance of the gradients from their mean.

    $$s_t = \beta_2 s_{t-1} + (1 - \beta_2) |g_t - m_t|^2 + \epsilon_r, \quad
    x_t = x_{t-1} - \alpha \frac{\hat m_t}{\sqrt{\hat s_t} + \epsilon}$$

    `eps_root`, which is $\epsilon_r$, is added to what is remembered, at every step. Source: Zhuang et al. (2020),
    Algorithm 2.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    s = b2 * state.get("s", 0.0) + (1 - b2) * square(g - m) + eps_root
    return -learning_rate * divide(m / (1 - b1**t), np.sqrt(s / (1 - b2**t)) + eps), {"m": m, "s": s}


def yogi(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-2,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-3,
    initial_accumulator_value: float = 1e-6,
) -> Step:
    r"""Step as Adam does, with a second moment that moves by a share of the squared gradient.

    $$v_t = v_{t-1} - (1 - \beta_2) \operatorname{sign}(v_{t-1} - |g_t|^2) |g_t|^2$$

    `initial_accumulator_value` is $v_0$. Source: Zaheer et al. (2018), Algorithm 2, with Adam's corrections.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    v = state.get("v", initial_accumulator_value)
    v = v - (1 - b2) * np.sign(v - square(g)) * square(g)
    return -learning_rate * divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps), {"m": m, "v": v}


def radam(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    threshold: float = 5.0,
) -> Step:
    r"""Take Adam's step times $r_t$ where $\rho_t$ is above the threshold, and the step $-\alpha \hat m_t$ elsewhere.

    $$\rho_\infty = \frac{2}{1 - \beta_2} - 1, \quad \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}$$

    $$r_t^2 = \frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}{(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}$$

    Source: Liu et al. (2020), Algorithm 2, where the threshold is 4.
    """
    m, v = moments(g, state, b1, b2)
    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
    limit = 2 / (1 - b2) - 1
    rho = limit - 2 * t * b2**t / (1 - b2**t)
    if rho <= threshold:
        return -learning_rate * m_hat, {"m": m, "v": v}
    r = np.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
    return -learning_rate * r * divide(m_hat, np.sqrt(v_hat) + eps), {"m": m, "v": v}


def nadamw(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 2e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    eps_root: float | None = None,
) -> Step:
    """Decay the weights beside Nadam. Sources: Dozat (2016); Loshchilov & Hutter (2019), Algorithm 2."""
    options = {"b1": b1, "b2": b2, "eps": eps, "weight_decay": weight_decay, "eps_root": eps_root or 0.0}
    return adamw(g, state, t, x, learning_rate=learning_rate, nesterov=True, **options)


def cautious_adamw(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    min_share: float = 1e-3,
) -> Step:
    r"""Step as AdamW does, but with Adam's part only where it goes down the gradient, and farther there.

    For Adam's direction $d_t = \hat m_t / (\sqrt{\hat v_t} + \epsilon)$, the elements with $d_t g_t > 0$ are kept and
    divided by their share of the leaf, but by no less than `min_share`. Source: Liang et al. (2024), Algorithm 2.
    """
    m, v = moments(g, state, b1, b2)
    d = divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (keep_agreeing(d, g, min_share) + weight_decay * x), {"m": m, "v": v}


def qhm(
    g: Array, state: State, t: int, x: Array, *, learning_rate: float = 1.0, momentum: float = 0.999, nu: float = 0.7
) -> Step:
    r"""Mix momentum and gradient: $x_t = x_{t-1} - \alpha (\nu m_t + (1 - \nu) g_t)$.

    $m_t = \mu m_{t-1} + (1 - \mu) g_t$, and `nu` is $\nu$. Source: Ma & Yarats (2019), equations 3 and 4.
    """
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    return -learning_rate * (nu * m + (1 - nu) * g), {"m": m}


def qhadam(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.995,
    b2: float = 0.999,
    eps: float = 1e-8,
    nu1: float = 0.7,
    nu2: float = 1.0,
) -> Step:
    r"""Mix both of Adam's moments with the gradient.

    $$x_t = x_{t-1} - \alpha
    \frac{\nu_1 \hat m_t + (1 - \nu_1) g_t}{\sqrt{\nu_2 \hat v_t + (1 - \nu_2) |g_t|^2} + \epsilon}$$

    `nu1` is $\nu_1$ and `nu2` is $\nu_2$. Source: Ma & Yarats (2019), section 6 (QHAdam).
    """
    m, v = moments(g, state, b1, b2)
    top = nu1 * m / (1 - b1**t) + (1 - nu1) * g
    bottom = np.sqrt(nu2 * v / (1 - b2**t) + (1 - nu2) * square(g)) + eps
    return -learning_rate * divide(top, bottom), {"m": m, "v": v}
