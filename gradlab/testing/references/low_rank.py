"""References of methods that orthonormalize a momentum of low rank."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide
from gradlab.testing.references.adam_family import adamw


def orthonormalize_low_rank(g: Array, state: State, t: int, x: Array, *, decay: float = 0.95, rank: int = 64) -> Step:
    r"""Return $P_t Q_t^\top$, orthonormal directions of the momentum in `rank` columns.

    $$B_t = M_{t-1} + g_t, \quad P_t = \operatorname{qr}(B_t Q_{t-1}), \quad R_t = B_t^\top P_t, \quad
    M_t = B_t - (1 - \mu) P_t R_t^\top$$

    $Q_t$ is $R_t$ with columns of length 1, and `decay` is $\mu$. $Q$ begins with cosines as columns, and keeps those
    where $R$ is 0 up to rounding. Here $g_t$ is the transpose of the argument `g`, a leaf of shape (inputs, outputs),
    and the result is transposed back. Source: Ahn et al. (2025), algorithm 1.
    """
    if not g.size:
        return g, {}
    n = g.shape[0]
    waves = np.cos(np.pi / (2 * n) * np.outer(2 * np.arange(n) + 1, np.arange(min(rank, *g.shape))))
    q = state.get("q", waves / np.linalg.norm(waves, axis=0))
    b = state.get("m", 0.0) + g.T
    if not b.any():
        return 0 * g, state
    p = _find_orthonormal(b @ q)
    r = b.conj().T @ p
    length = np.linalg.norm(r, axis=0)
    is_known = length > 10 * max(g.shape) * np.finfo(float).eps * np.linalg.norm(b)
    columns = np.where(is_known, divide(r, length), 0)
    after = {"m": b - (1 - decay) * p @ r.conj().T, "q": np.where(is_known, columns, q)}
    return (p @ columns.conj().T).T, after


def _find_orthonormal(matrix: Array) -> Array:
    """Return orthonormal columns with the span of the first columns of a matrix, and 0 for a column that is 0."""
    found = np.zeros_like(matrix)
    for j, column in enumerate(matrix.T):
        rest = column - found @ (found.conj().T @ column)
        rest = rest - found @ (found.conj().T @ rest)
        found[:, j] = divide(rest, np.asarray(np.linalg.norm(rest)))
    return found


def dion(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.95,
    weight_decay: float = 0.01,
    rank: int = 64,
    adam_b1: float = 0.9,
    adam_b2: float = 0.95,
    adam_eps: float = 1e-8,
) -> Step:
    r"""Step along the low-rank direction times $\sqrt{n_o / n_i}$, and move all other leaves as AdamW does.

    $n_i$ and $n_o$ are the numbers of inputs and of outputs. The direction is that of `orthonormalize_low_rank`.

    Source: Ahn et al. (2025), algorithm 1.
    """
    if g.ndim != 2:
        return adamw(
            g, state, t, x, learning_rate=learning_rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    d, after = orthonormalize_low_rank(g, state, t, x, decay=momentum, rank=rank)
    return -learning_rate * ((g.shape[1] / g.shape[0]) ** 0.5 * d + weight_decay * x), after
