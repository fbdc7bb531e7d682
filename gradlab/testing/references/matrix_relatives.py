"""References of the relatives of Muon."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square
from gradlab.testing.references.adam_family import adam, adamw
from gradlab.testing.references.blocks import normalize_blocks
from gradlab.testing.references.matrix_methods import orthogonalize


def keep_norm(g: Array, state: State, t: int, x: Array) -> Step:
    r"""Step by $g$, and scale the leaf to its first norm $n = \|x_0\|$, $x_t = n (x_{t-1} + g_t) / \|x_{t-1} + g_t\|$.

    If $n$ is 0, the step is $g_t$ alone. Source: Wen et al. (2025), Hyperball optimization.
    """
    norm = state.get("norm", np.linalg.norm(x))
    size = np.linalg.norm(x + g)
    if norm == 0:
        return g, {"norm": norm}
    return (norm * (x + g) / size - x if size > 0 else 0.0 * g), {"norm": norm}


def muon_hyperball(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.95,
    nesterov: bool = True,
    adam_learning_rate: float | None = None,
    adam_b1: float = 0.9,
    adam_b2: float = 0.95,
    adam_eps: float = 1e-10,
) -> Step:
    r"""Turn matrices along their orthogonalized momentum $o_t$ at their first norm, and move other leaves by Adam.

    $$y_t = x_{t-1} - \alpha n \frac{o_t}{\|o_t\|}, \quad x_t = n \frac{y_t}{\|y_t\|}, \quad n = \|x_0\|$$

    The momentum is that of `muon`. Adam's rate is $0.02 \alpha$, if it is not given. Source: Wen et al. (2025),
    Hyperball optimization.
    """
    if g.ndim != 2:
        rate = 0.02 * learning_rate if adam_learning_rate is None else adam_learning_rate
        return adam(g, state, t, x, learning_rate=rate, b1=adam_b1, b2=adam_b2, eps=adam_eps)
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    o, _ = orthogonalize(momentum * m + (1 - momentum) * g if nesterov else m, {}, t, x)
    size, norm = np.linalg.norm(o), np.linalg.norm(x)
    step = -learning_rate * (norm / size * o if min(size, norm) > 0 else o)
    change, kept = keep_norm(step, {name: state[name] for name in state if name == "norm"}, t, x)
    return change, {"m": m, **kept}


def normuon(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.95,
    b2: float = 0.95,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    rms: float = 0.2,
    nesterov: bool = False,
    adam_learning_rate: float | None = None,
    adam_b1: float = 0.9,
    adam_b2: float = 0.95,
    adam_eps: float = 1e-8,
) -> Step:
    r"""Divide the orthogonalized momentum $o_t$ of matrices (inputs, outputs) by its size for each output.

    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2) \operatorname{mean}(|o_t|^2), \quad
    p_t = \frac{o_t}{\sqrt{v_t} + \epsilon}, \quad
    x_t = x_{t-1} - \alpha (\rho \frac{\sqrt n}{\|p_t\|} p_t + \lambda x_{t-1})$$

    The mean is over the inputs, $n$ is the number of elements, and `rms` is $\rho$. The momentum is that of `muon`. All
    other leaves move as with AdamW. Source: Li et al. (2025), algorithm 1.
    """
    if g.ndim != 2:
        rate = learning_rate if adam_learning_rate is None else adam_learning_rate
        return adamw(
            g, state, t, x, learning_rate=rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    o, _ = orthogonalize(momentum * m + (1 - momentum) * g if nesterov else m, {}, t, x)
    v = b2 * state.get("v", 0.0) + (1 - b2) * square(o).sum(axis=0) / max(g.shape[0], 1)
    p = divide(o, np.sqrt(v) + eps)
    step = divide(rms * p * g.size**0.5, np.asarray(np.linalg.norm(p)))
    return -learning_rate * (step + weight_decay * x), {"m": m, "v": v}


def scion(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    momentum: float = 0.9,
    radius: float = 50.0,
    output_radius: float = 3000.0,
    eps: float = 1e-8,
    outputs: bool = False,
    embeddings: bool = False,
    is_constrained: bool = True,
) -> Step:
    r"""Step to the boundary of a ball, $x_t = (1 - \alpha) x_{t-1} - \alpha \rho B(m_t)$.

    $m_t = \mu m_{t-1} + (1 - \mu) g_t$ is the momentum. $\rho$ is `radius`, or `output_radius` for the last layer. For
    a leaf with $n_i$ inputs and $n_o$ outputs, $B(m)$ is $\sqrt{n_o / n_i}$ times the orthogonalized $m$ for a matrix,
    $\operatorname{sign}(m) / n_i$ for the last layer, $m$ over the RMS of each input for an embedding, and $m$ over the
    RMS of the leaf for any other. Without the constraint, $x_{t-1}$ is not multiplied by $1 - \alpha$. Source: Pethick
    et al. (2025), algorithms 1 and 2.
    """
    m = momentum * state.get("m", 0.0) + (1 - momentum) * g
    if outputs:
        step = output_radius / g.shape[0] * np.sign(m)
    elif embeddings:
        step = radius * divide(m, np.sqrt(np.mean(square(m), axis=1, keepdims=True)) + eps)
    elif g.ndim == 2:
        step = radius * (g.shape[1] / max(g.shape[0], 1)) ** 0.5 * orthogonalize(m, {}, t, x)[0]
    else:
        step = radius * normalize_blocks(m, {}, t, x, eps=eps)[0]
    return -learning_rate * (step + (x if is_constrained else 0.0)), {"m": m}
