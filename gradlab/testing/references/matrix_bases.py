"""References of methods that transform a matrix in another basis.

Signs of vectors are arbitrary, and so are vectors in a null space. They are chosen as gradlab documents it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square
from gradlab.testing.references.adam_family import adamw


def find_q(matrix: Array) -> Array:
    """Return $Q$ of the QR decomposition, with signs that make the diagonal of $R$ positive."""
    q, r = np.linalg.qr(matrix)
    diagonal = np.diagonal(r)
    return q * np.where(diagonal == 0, 1, divide(diagonal, np.abs(diagonal)))


def choose_vectors(vectors: Array, values: Array) -> Array:
    """Make the largest element of each vector positive, and replace those in the null space by parts of cosines."""
    n, count = vectors.shape
    known = values > 10 * n * np.finfo(float).eps * values[0]
    largest = vectors[np.argmax(np.abs(vectors), axis=0), np.arange(count)]
    vectors = (vectors * divide(largest, np.abs(largest)).conj())[:, known]
    waves = np.cos(np.pi / (2 * n) * np.outer(2 * np.arange(n) + 1, np.arange(count)))[:, ~known]
    return find_q(np.hstack([vectors, waves - vectors @ (vectors.conj().T @ waves)]))


def _power_step(matrix: Array, basis: Array) -> Array:
    mean = np.trace(matrix).real / len(matrix)
    return find_q(divide(matrix, mean) @ basis + np.finfo(float).eps ** 0.5 * basis)


def eigenbasis(g: Array, state: State, t: int, x: Array) -> Step:
    """Pass the gradient. Source: Vyas et al. (2024), whose basis `soap` uses."""
    return g, {}


def singular_basis(g: Array, state: State, t: int, x: Array) -> Step:
    """Pass the gradient. Source: Zhao et al. (2024), whose basis `galore` uses."""
    return g, {}


def soap(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    b1: float = 0.95,
    b2: float = 0.95,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    shampoo_decay: float | None = None,
    every: int = 10,
    max_size: int = 10_000,
) -> Step:
    r"""Run Adam in the eigenbases of two means of the gradients, and AdamW for what is no matrix.

    $$L_t = \beta_s L_{t-1} + (1 - \beta_s) g_t g_t^\top, \quad R_t = \beta_s R_{t-1} + (1 - \beta_s) g_t^\top g_t$$

    With their bases $P$ and $Q$, Adam's moments are those of the gradient in these bases,
    $m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t$ and $v_t = \beta_2 v_{t-1} + (1 - \beta_2) |P^\top g_t Q|^2$.

    $$x_t = x_{t-1} - \alpha (P \frac{P^\top \hat m_t Q}{\sqrt{\hat v_t} + \epsilon} Q^\top + \lambda x_{t-1})$$

    After the first step and `every` further ones, $P$ becomes $\operatorname{qr}(L_t P)$, and $Q$ likewise. The first
    gradient only makes the bases. A side that is longer than `max_size` keeps its axes. `shampoo_decay` is $\beta_s$
    (None: $\beta_2$). Source: Vyas et al. (2024), algorithms 3 and 4.
    """
    if g.ndim != 2:
        return adamw(g, state, t, x, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)
    b = b2 if shampoo_decay is None else shampoo_decay
    left, right, m, v, change = (state.get(name, 0.0) for name in ("left", "right", "m", "v", "nothing"))
    ql, qr = state.get("ql", np.eye(g.shape[0])), state.get("qr", np.eye(g.shape[1]))
    if t > 1 and (t - 2) % every == 0:
        ql = _power_step(left, ql) if len(ql) <= max_size else ql
        qr = _power_step(right, qr) if len(qr) <= max_size else qr
    if t > 1:
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * square(ql.conj().T @ g @ qr)
        first, second = (value / (1 - decay ** (t - 1)) for value, decay in ((ql.conj().T @ m @ qr, b1), (v, b2)))
        change = ql @ divide(first, np.sqrt(second) + eps) @ qr.conj().T
    left, right = b * left + (1 - b) * g @ g.conj().T, b * right + (1 - b) * g.conj().T @ g
    new = {"left": left, "right": right, "m": m, "v": v, "ql": ql, "qr": qr}
    return -learning_rate * (change + weight_decay * x), new


def galore(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    rank: int = 128,
    every: int = 200,
    scale: float = 0.25,
) -> Step:
    r"""Run Adam on $P^\top g_t$, where $P$ are singular vectors of the gradient, and AdamW for what is no matrix.

    $$x_t = x_{t-1} - \alpha (s P d_t + \lambda x_{t-1})$$

    $d_t$ is Adam's direction for $P^\top g_t$, and `scale` is $s$. $P$ has the first `rank` singular vectors along the
    short side of a matrix, which is that of the columns if both are equal. It is found anew at the steps 1, 1 +
    `every`, 1 + 2 `every` and so on; the moments stay. Source: Zhao et al. (2024).
    """
    if g.ndim != 2:
        return adamw(g, state, t, x, learning_rate=learning_rate, b1=b1, b2=b2, eps=eps, weight_decay=weight_decay)
    outputs_are_fewer = g.shape[1] < g.shape[0]  # a kernel is (inputs, outputs)
    wide = g.T if outputs_are_fewer else g.conj()  # its rows are the short side
    p: Any = state.get("p")
    if (t - 1) % every == 0:
        u, s, _ = np.linalg.svd(wide, full_matrices=False)
        p = choose_vectors(u[:, :rank], s[:rank])
    before = {name: state[name] for name in state if name != "p"}
    inside, after = adamw(
        p.conj().T @ wide, before, t, np.zeros(()), learning_rate=1.0, b1=b1, b2=b2, eps=eps, weight_decay=0.0
    )
    back = p @ inside
    change = back.T if outputs_are_fewer else back.conj()
    return learning_rate * (scale * change - weight_decay * x), {**after, "p": p}
