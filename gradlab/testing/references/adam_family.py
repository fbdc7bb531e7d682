"""References of Adam and of its relatives, which change one thing in it: AdamW, AdaMax, Nadam, AMSGrad."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments


def adam(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float | None = None,
    nesterov: bool = False,
) -> Step:
    """Correct both moments, then divide: x -= a m^ / (sqrt(v^ + eps_root) + eps).

    m^ = m / (1 - b1^t) and v^ = v / (1 - b2^t); the paper has no eps_root. With `nesterov` m^ is that of `nadam`.
    Source: Kingma & Ba (2015), Algorithm 1.
    """
    m, v = moments(g, state, b1, b2)
    m_hat = _look_ahead(m, g, t, b1) if nesterov else m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return -learning_rate * divide(m_hat, np.sqrt(v_hat + (eps_root or 0.0)) + eps), {"m": m, "v": v}


def adamw(
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
    eps_root: float | None = None,
    nesterov: bool = False,
) -> Step:
    """Decay the weights beside Adam: x -= a (m^ / (sqrt(v^) + eps) + l x), x before the step.

    Source: Loshchilov & Hutter (2019), Algorithm 2, but with l multiplied by the rate, as the
    frameworks do. `eps_root` and `nesterov` as in `adam`.
    """
    m, v = moments(g, state, b1, b2)
    m_hat = _look_ahead(m, g, t, b1) if nesterov else m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    direction = divide(m_hat, np.sqrt(v_hat + (eps_root or 0.0)) + eps)
    return -learning_rate * (direction + weight_decay * x), {"m": m, "v": v}


def adam_efficient(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Step:
    """Divide, then correct: x -= a sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps).

    Here eps is the paper's epsilon-hat. Source: Kingma & Ba (2015), end of section 2.
    """
    m, v = moments(g, state, b1, b2)
    rate = learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    return -rate * divide(m, np.sqrt(v) + eps), {"m": m, "v": v}


def adamax(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 2e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 0.0,
) -> Step:
    """Divide by a decaying maximum: u = max(b2 u, |g|), x -= a / (1 - b1^t) m / (u + eps).

    The paper has no eps. Source: Kingma & Ba (2015), Algorithm 2.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    u = np.maximum(b2 * state.get("u", 0.0), np.abs(g))
    return -learning_rate / (1 - b1**t) * divide(m, u + eps), {"m": m, "u": u}


def nadam(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 2e-3,
    b1: float = 0.9,
    next_b1: float | None = None,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float | None = None,
) -> Step:
    r"""Let Adam's momentum look ahead: $u_{t+1} m / (1 - \prod_{t+1} u) + (1 - u_t) g / (1 - \prod_t u)$.

    `b1` is $u_t$ and `next_b1` is $u_{t+1}$ (None: equal to `b1`). As in the paper m decays by $u_t$ too
    (torch and keras keep b1 there); v^ = v / (1 - b2^t), without the further factor b2 of the
    paper's listing. Source: Dozat (2016), Algorithm 2.
    """
    next_b1 = b1 if next_b1 is None else next_b1
    product = b1 * state.get("product", 1.0)
    m, v = moments(g, state, b1, b2)
    m_hat = next_b1 * m / (1 - product * next_b1) + (1 - b1) * g / (1 - product)
    v_hat = v / (1 - b2**t)
    change = -learning_rate * divide(m_hat, np.sqrt(v_hat + (eps_root or 0.0)) + eps)
    return change, {"m": m, "v": v, "product": product}


def amsgrad(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float | None = None,
) -> Step:
    """Never raise the rate: x -= a m^ / (sqrt(w + eps_root) + eps), w the running maximum of Adam's v^.

    Source: Reddi et al. (2018), Algorithm 2, which corrects neither moment; here both are corrected
    as Adam's are, and the maximum is taken after the correction.
    """
    m, v = moments(g, state, b1, b2)
    m_hat = m / (1 - b1**t)
    w = np.maximum(state.get("w", 0.0), v / (1 - b2**t))
    return -learning_rate * divide(m_hat, np.sqrt(w + (eps_root or 0.0)) + eps), {"m": m, "v": v, "w": w}


def _look_ahead(m: Array, g: Array, t: int, b1: float) -> Array:
    """Return Nadam's m^ at a constant momentum."""
    return b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
