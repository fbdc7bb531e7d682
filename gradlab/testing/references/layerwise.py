"""References of methods whose steps are a share of the norm of each leaf."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.adam_family import adam


def scale_by_trust_ratio(
    g: Array, state: State, t: int, x: Array, *, coefficient: float = 1.0, weight_decay: float = 0.0, eps: float = 0.0
) -> Step:
    r"""Make the norm of each leaf's direction proportional to the norm of the leaf.

    $$d' = \kappa \frac{\|x\|}{\|g\| + \lambda \|x\| + \epsilon} (g + \lambda x)$$

    `coefficient` is $\kappa$. Where $\|x\|$ or the denominator is 0, the direction is $g + \lambda x$. Source: You et
    al. (2017), equation 6.
    """
    norm = np.linalg.norm(x)
    size = np.linalg.norm(g) + weight_decay * norm + eps
    ratio = coefficient * norm / size if norm > 0 and size > 0 else 1.0
    return ratio * (g + weight_decay * x), {}


def lars(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    coefficient: float = 1e-3,
    eps: float = 0.0,
) -> Step:
    r"""Give each leaf a rate of its own, inside the momentum, $x_t = x_{t-1} - m_t$.

    $$m_t = \mu m_{t-1} + \alpha \kappa \frac{\|x_{t-1}\|}{\|g_t\| + \lambda \|x_{t-1}\| + \epsilon}
    (g_t + \lambda x_{t-1})$$

    `coefficient` is $\kappa$. Source: You et al. (2017), algorithm 1.
    """
    scaled, _ = scale_by_trust_ratio(g, {}, t, x, coefficient=coefficient, weight_decay=weight_decay, eps=eps)
    m = momentum * state.get("m", 0.0) + learning_rate * scaled
    return -m, {"m": m}


def lamb(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.01,
) -> Step:
    r"""Scale the direction $d_t$ of AdamW to the norm of the leaf, $x_t = x_{t-1} - \alpha d_t \|x_{t-1}\| / \|d_t\|$.

    $d_t = \hat m_t / (\sqrt{\hat v_t} + \epsilon) + \lambda x_{t-1}$. Where one of the norms is 0, the step is
    $-\alpha d_t$. Source: You et al. (2020), algorithm 2.
    """
    down, state = adam(g, state, t, x, learning_rate=1.0, b1=b1, b2=b2, eps=eps)
    r = weight_decay * x - down
    norms = np.linalg.norm(x), np.linalg.norm(r)
    return -learning_rate * (norms[0] / norms[1] if min(norms) > 0 else 1.0) * r, state
