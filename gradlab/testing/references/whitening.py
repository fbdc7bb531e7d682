"""References of whitening by fitted Kronecker factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.adam_family import adamw


def _bound(h: Array) -> float:
    """Return the authors' lower bound of the spectral norm, ||H x|| / ||x|| with x = H^2 e, e of the longest column."""
    x = h @ h[:, np.argmax(np.linalg.norm(h, axis=0))]
    return float(np.linalg.norm(h @ x) / np.linalg.norm(x))


def _fit(left: Array, right: Array, g: Array, rate: float, damping: float, is_diagonal: tuple[bool, bool]) -> Any:
    """Return the factors after one step, for the mean over V, as E[V M V'] = trace(M) I."""
    noise = (damping * np.abs(g).mean()) ** 2
    a = left @ g @ right.conj().T
    l_inverse, r_inverse = np.linalg.inv(left), np.linalg.inv(right)
    sides = ((left, right, l_inverse, r_inverse, a), (right, left, r_inverse, l_inverse, a.conj().T))
    moved = []
    for (q, other, q_inverse, other_inverse, b), diagonal in zip(sides, is_diagonal, strict=True):
        grown = b @ b.conj().T + noise * np.sum(np.abs(other) ** 2) * q @ q.conj().T
        shrunk = np.sum(np.abs(other_inverse) ** 2) * q_inverse.conj().T @ q_inverse
        size = np.diag(grown + shrunk).real.max() if diagonal else _bound(grown + shrunk)
        slope = np.diag(np.diag(grown - shrunk)) if diagonal else np.triu(grown - shrunk)
        moved.append(q - rate * slope @ q / size)
    ratio = np.sqrt(np.abs(moved[1]).max() / np.abs(moved[0]).max())
    return moved[0] * ratio, moved[1] / ratio


def scale_by_whitening(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    rate: float = 0.1,
    every: float = 1,
    max_size: int = 8192,
    initial_scale: float = 1.0,
    damping: float = 2.0**-11.5,
    direction: Array | None = None,
) -> Step:
    r"""Whiten a matrix by two fitted factors, $d' = L^\top L d R^\top R$, with $d = g$ by default.

    The factors are fitted at the steps 1, 1 + `every`, 1 + 2 `every` and so on.

    $$L_t = L_{t-1} - \eta \frac{\operatorname{triu}(E[A A^\top - B B^\top])}{\|E[A A^\top + B B^\top]\|} L_{t-1}$$

    $A = L (g + s V) R^\top$ and $B = L^{-\top} V R^{-1}$, with the factors of the step before. $E$ is the mean over
    $V$, whose elements are standard normal, $s$ is `damping` times the mean of $|g|$, and `rate` is $\eta$. The norm is
    the authors' lower bound of the spectral norm. $R$ is fitted alike, with $A^\top$ and $B^\top$. A factor longer than
    `max_size` is diagonal. Source: Li (2018); Pooladzandi & Li (2024).
    """
    left, right = state.get("factors", [np.sqrt(initial_scale) * np.eye(size) for size in g.shape])
    due = state.get("due", 1)
    if t == due:
        due = t + int(np.ceil(every))
        if g.any():
            left, right = _fit(left, right, g, rate, damping, (g.shape[0] > max_size, g.shape[1] > max_size))
    d = g if direction is None else direction
    return left.conj().T @ left @ d @ right.conj().T @ right, {"factors": (left, right), "due": due}


def kron(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    b1: float = 0.9,
    rate: float = 0.1,
    weight_decay: float = 0.0,
    every: float = 1,
    max_size: int = 8192,
    initial_scale: float = 1.0,
    damping: float = 2.0**-11.5,
    max_rms: float = 1.1,
    fit_to_momentum: bool = True,
    adam_learning_rate: float | None = None,
    adam_b1: float = 0.9,
    adam_b2: float = 0.999,
    adam_eps: float = 1e-8,
) -> Step:
    r"""Whiten the corrected momentum of matrices, and move all other leaves as AdamW does.

    $$d_t = L_t^\top L_t \hat m_t R_t^\top R_t, \quad
    x_t = x_{t-1} - \alpha (\min(1, \frac{c}{\operatorname{RMS}(d_t)}) d_t + \lambda x_{t-1})$$

    The factors are those of `scale_by_whitening`, and `max_rms` is $c$. Adam's rate is $\alpha$, if it is not given.

    Source: Li (2018); Pooladzandi & Li (2024); the momentum and the bound as in psgd_jax 0.2.9.
    """
    if g.ndim != 2:
        adam_rate = learning_rate if adam_learning_rate is None else adam_learning_rate
        return adamw(
            g, state, t, x, learning_rate=adam_rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    corrected = m / (1 - b1**t)
    options: dict[str, Any] = {
        "rate": rate,
        "every": every,
        "max_size": max_size,
        "initial_scale": initial_scale,
        "damping": damping,
    }
    # The factors of gradlab's layout are those of the outputs and of the inputs, so the matrix is transposed.
    signal = (corrected if fit_to_momentum else g).T
    d, after = scale_by_whitening(signal, state, t, x, direction=corrected.T, **options)
    size = np.sqrt((np.abs(d) ** 2).mean())
    change = d.T * min(1.0, max_rms / size if size else 1.0) + weight_decay * x
    return -learning_rate * change, {**after, "m": m}
