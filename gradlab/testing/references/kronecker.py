"""References of Kronecker-factored preconditioning."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.adam_family import adamw


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    positive = values > 0
    return (vectors * np.where(positive, np.where(positive, values, 1) ** exponent, 0)) @ vectors.conj().T


def scale_by_kronecker(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float | None = None,
    exponent: float = 0.25,
    eps: float = 1e-6,
    every: int = 1,
    direction: Array | None = None,
) -> Step:
    r"""Precondition a matrix from both sides, $d' = (L_t + \epsilon I)^{-p} g_t (R_t + \epsilon I)^{-p}$.

    $L_t$ and $R_t$ are the sums of $g_t g_t^\top$ and of $g_t^\top g_t$ so far, or with `decay` their running means.
    `exponent` is $p$. The powers are found at the steps 1, 1 + `every`, 1 + 2 `every` and so on. A `direction` takes
    the place of $g_t$ between them. Source: Gupta et al. (2018), algorithm 1.
    """
    keep, take = (1.0, 1.0) if decay is None else (decay, 1 - decay)
    left = keep * state.get("left", 0.0) + take * g @ g.conj().T
    right = keep * state.get("right", 0.0) + take * g.conj().T @ g
    roots: Any = state.get("roots")
    if (t - 1) % every == 0:
        roots = tuple(_power(side + eps * np.eye(len(side)), -exponent) for side in (left, right))
    d = g if direction is None else direction
    return roots[0] @ d @ roots[1], {"left": left, "right": right, "roots": roots}


def shampoo(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    decay: float | None = None,
    exponent: float = 0.25,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    momentum: float | None = None,
    every: int = 1,
    adam_learning_rate: float | None = None,
    adam_b1: float = 0.9,
    adam_b2: float = 0.999,
    adam_eps: float = 1e-8,
) -> Step:
    r"""Precondition matrices from both sides, and move all other leaves as AdamW does.

    $$x_t = x_{t-1} - \alpha ((L_t + \epsilon I)^{-p} m_t (R_t + \epsilon I)^{-p} + \lambda x_{t-1})$$

    $m_t$ is the gradient, or with `momentum` its running mean, $m_t = \mu m_{t-1} + (1 - \mu) g_t$. $L_t$, $R_t$ and
    $p$ are those of `scale_by_kronecker`. Adam's rate is $0.01 \alpha$, if it is not given. Source: Gupta et al.
    (2018), algorithm 1.
    """
    if g.ndim != 2:
        rate = 0.01 * learning_rate if adam_learning_rate is None else adam_learning_rate
        return adamw(
            g, state, t, x, learning_rate=rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    m = g if momentum is None else momentum * state.get("m", 0.0) + (1 - momentum) * g
    d, after = scale_by_kronecker(g, state, t, x, decay=decay, exponent=exponent, eps=eps, every=every, direction=m)
    return -learning_rate * (d + weight_decay * x), {**after, "m": m}
