"""References of Adam and of its relatives, which change one thing in it: AdamW, AdaMax, Nadam, AMSGrad."""

from __future__ import annotations

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
    r"""Correct both moments, then divide, $x_t = x_{t-1} - \alpha \hat m_t / (\sqrt{\hat v_t} + \epsilon)$.

    $\hat m_t = m_t / (1 - \beta_1^t)$ and $\hat v_t = v_t / (1 - \beta_2^t)$; with an `eps_root` $\epsilon_r$, which
    the paper does not have, the root is that of $\hat v_t + \epsilon_r$. With `nesterov`, $\hat m_t$ is that of
    `nadam`. Source: Kingma & Ba (2015), Algorithm 1.
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
    r"""Decay the weights beside Adam, in proportion to the parameters before the step.

    $$x_t = x_{t-1} - \alpha (\frac{\hat m_t}{\sqrt{\hat v_t + \epsilon_r} + \epsilon} + \lambda x_{t-1})$$

    Source: Loshchilov & Hutter (2019), Algorithm 2, but with $\lambda$ multiplied by the rate, as the frameworks do.
    `eps_root` and `nesterov` are those of `adam`.
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
    r"""Divide, then correct both moments by one factor.

    $$x_t = x_{t-1} - \alpha \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m_t}{\sqrt{v_t} + \epsilon}$$

    Here `eps` is the paper's $\hat\epsilon$. Source: Kingma & Ba (2015), end of section 2.
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
    r"""Divide by a decaying maximum of the gradients.

    $$w_t = \max(\beta_2 w_{t-1}, |g_t|), \quad x_t = x_{t-1} - \alpha \frac{\hat m_t}{w_t + \epsilon}$$

    The paper has no `eps`. Source: Kingma & Ba (2015), Algorithm 2.
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
    r"""Let Adam's momentum look ahead: `adam` with another corrected mean.

    $$\hat m_t = \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i} + \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^t \mu_i}$$

    `b1` is $\mu_t$ and `next_b1` is $\mu_{t+1}$ (None: equal to `b1`). As in the paper, $m_t$ decays by $\mu_t$, too
    (torch and keras keep `b1` there). $\hat v_t = v_t / (1 - \beta_2^t)$ is without the further factor $\beta_2$ of the
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
    r"""Never raise the rate: $x_t = x_{t-1} - \alpha \hat m_t / (\sqrt{w_t + \epsilon_r} + \epsilon)$.

    $w_t = \max(w_{t-1}, \hat v_t)$ is the largest of Adam's $\hat v$ so far.

    Source: Reddi et al. (2018), Algorithm 2, which corrects neither moment; here both are corrected as Adam's are, and
    the maximum is taken after the correction.
    """
    m, v = moments(g, state, b1, b2)
    m_hat = m / (1 - b1**t)
    w = np.maximum(state.get("w", 0.0), v / (1 - b2**t))
    return -learning_rate * divide(m_hat, np.sqrt(w + (eps_root or 0.0)) + eps), {"m": m, "v": v, "w": w}


def _look_ahead(m: Array, g: Array, t: int, b1: float) -> Array:
    """Return Nadam's m^ at a constant momentum."""
    return b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
