"""References of AdaBound and AMSBound, which clip the rates of Adam and AMSGrad towards one final rate."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments


def adabound(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    final_rate: float = 0.1,
    gamma: float = 1e-3,
    eps: float = 1e-8,
    initial_rate: float | None = None,
) -> Step:
    r"""Clip Adam's rate between two bounds, then apply it.

    $$x_t = x_{t-1} - \min(\max(\frac{s_t}{\sqrt{v_t} + \epsilon}, \ell_t), u_t) m_t$$

    $s_t = \alpha \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)$ corrects both moments, so $m_t$ is not corrected. The bounds
    are $\ell_t = f (1 - 1 / (\gamma t + 1))$ and $u_t = f (1 + 1 / (\gamma t))$. $f$ is `final_rate` times
    $\alpha / \alpha_0$, with the `initial_rate` $\alpha_0$ (None: equal to `learning_rate`), and `gamma` is $\gamma$. A
    rate divided by zero is infinite, and clipped to $u_t$.

    Source: Luo et al. (2019), Algorithm 2, as in the authors' code (no further $1 / \sqrt t$).
    """
    m, v = moments(g, state, b1, b2)
    s = learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    f = final_rate if initial_rate is None else final_rate * learning_rate / initial_rate
    rate = _clip(divide(s, np.sqrt(v) + eps, by_zero=np.inf), f, gamma, t)
    return -rate * m, {"m": m, "v": v}


def amsbound(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    final_rate: float = 0.1,
    gamma: float = 1e-3,
    eps: float = 1e-8,
    initial_rate: float | None = None,
) -> Step:
    """Clip AMSGrad's rate: `adabound` with $v_t$ in the rate replaced by its running maximum.

    The maximum is of the $v_t$ that is not corrected. Source: Luo et al. (2019), Algorithm 3.
    """
    m, v = moments(g, state, b1, b2)
    w = np.maximum(state.get("w", 0.0), v)
    s = learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    f = final_rate if initial_rate is None else final_rate * learning_rate / initial_rate
    rate = _clip(divide(s, np.sqrt(w) + eps, by_zero=np.inf), f, gamma, t)
    return -rate * m, {"m": m, "v": v, "w": w}


def _clip(rate: Array, f: float, c: float, t: int) -> Array:
    return np.clip(rate, f * (1 - 1 / (c * t + 1)), f * (1 + 1 / (c * t)))
