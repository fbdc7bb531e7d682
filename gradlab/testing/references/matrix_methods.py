"""References of methods that treat a leaf as a matrix."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square
from gradlab.testing.references.adam_family import adamw

_JORDAN = (3.4445, -4.7750, 2.0315)


def orthogonalize(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    coefficients: tuple[tuple[float, ...], ...] = (_JORDAN,) * 5,
    eps: float = 1e-7,
    least_norm: float = 0.0,
    norm_factor: float = 1.0,
) -> Step:
    r"""Divide a matrix by its norm, and apply a polynomial to its singular values in each step.

    $$X_0 = \frac{g}{\kappa \max(\|g\|_F, \nu) + \epsilon}, \quad
    X_k = a_k X_{k-1} + b_k X_{k-1} X_{k-1}^\top X_{k-1} + c_k (X_{k-1} X_{k-1}^\top)^2 X_{k-1}$$

    $\|g\|_F$ is the Frobenius norm, `least_norm` is $\nu$ and `norm_factor` is $\kappa$. `coefficients` has
    $(a_k, b_k, c_k)$ for each step, or more numbers for further powers. Source: Jordan et al. (2024).
    """
    norm = np.sqrt(np.sum(square(g)))
    x = divide(g, norm_factor * np.maximum(norm, least_norm) + eps)
    is_wide = x.shape[0] <= x.shape[1]
    for polynomial in coefficients:
        power = x
        total = polynomial[0] * x
        for c in polynomial[1:]:
            power = (power @ x.conj().T) @ x if is_wide else power @ (x.conj().T @ x)
            total = total + c * power
        x = total
    return x, {}


def scale_by_shape(g: Array, state: State, t: int, x: Array) -> Step:
    r"""Multiply a matrix by $\sqrt{\max(1, n_o / n_i)}$, for its shape $(n_i, n_o)$ of inputs and outputs.

    Source: Jordan et al. (2024).
    """
    inputs, outputs = g.shape
    return max(1.0, outputs / inputs) ** 0.5 * g, {}


def muon(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.95,
    weight_decay: float = 0.0,
    nesterov: bool = True,
    adam_learning_rate: float | None = None,
    adam_b1: float = 0.9,
    adam_b2: float = 0.95,
    adam_eps: float = 1e-10,
) -> Step:
    r"""Orthogonalize the momentum of matrices (inputs, outputs), and move all other leaves as AdamW does.

    $$x_t = x_{t-1} - \alpha (\sqrt{\max(1, n_o / n_i)} O(d_t) + \lambda x_{t-1}), \quad
    m_t = \mu m_{t-1} + (1 - \mu) g_t$$

    $O$ is `orthogonalize`, and $n_i$ and $n_o$ are the numbers of inputs and of outputs.
    $d_t = \mu m_t + (1 - \mu) g_t$ with `nesterov`, else $d_t = m_t$. Adam's rate is $0.015 \alpha$, if it is not
    given. Source: Jordan et al. (2024).
    """
    if g.ndim != 2:
        rate = 0.015 * learning_rate if adam_learning_rate is None else adam_learning_rate
        return adamw(
            g, state, t, x, learning_rate=rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    d = momentum * m + (1 - momentum) * g if nesterov else m
    o = scale_by_shape(orthogonalize(d, {}, t, x)[0], {}, t, x)[0]
    return -learning_rate * (o + weight_decay * x), {"m": m}
