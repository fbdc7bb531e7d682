"""References of later relatives of Adam, which divide by another moment, or step in another direction."""

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
    """Divide by the surprise: s = b2 s + (1-b2) |g - m|^2 + eps_root, x -= a m^ / (sqrt(s^) + eps).

    `eps_root` is added to what is remembered, at every step. Source: Zhuang et al. (2020), Algorithm 2.
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
    """Let v move by a share of |g|^2: v -= (1-b2) sign(v - |g|^2) |g|^2, x -= a m^ / (sqrt(v^) + eps).

    Source: Zaheer et al. (2018), Algorithm 2, with Adam's corrections.
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
    """Take Adam's step times r above the threshold of rho, and a step along m^ below it.

    r_inf = 2/(1-b2) - 1 and rho = r_inf - 2 t b2^t / (1 - b2^t), r^2 = (rho-4)(rho-2) r_inf / ((r_inf-4)(r_inf-2) rho).
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
    """Take Adam's step d where d g > 0, and farther by the inverse of the share of such elements; decay as AdamW.

    Source: Liang et al. (2024), Algorithm 2.
    """
    m, v = moments(g, state, b1, b2)
    d = divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (keep_agreeing(d, g, min_share) + weight_decay * x), {"m": m, "v": v}


def qhm(
    g: Array, state: State, t: int, x: Array, *, learning_rate: float = 1.0, momentum: float = 0.999, nu: float = 0.7
) -> Step:
    """Mix momentum and gradient: m = b m + (1-b) g, x -= a (n m + (1-n) g).

    Source: Ma & Yarats (2019), equations 3 and 4.
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
    """Mix both moments: x -= a (n1 m^ + (1-n1) g) / (sqrt(n2 v^ + (1-n2) |g|^2) + eps).

    Source: Ma & Yarats (2019), section 6 (QHAdam).
    """
    m, v = moments(g, state, b1, b2)
    top = nu1 * m / (1 - b1**t) + (1 - nu1) * g
    bottom = np.sqrt(nu2 * v / (1 - b2**t) + (1 - nu2) * square(g)) + eps
    return -learning_rate * divide(top, bottom), {"m": m, "v": v}
