"""References of the relatives of Muon."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square
from gradlab.testing.references.adam_family import adam, adamw
from gradlab.testing.references.blocks import normalize_blocks
from gradlab.testing.references.matrix_methods import orthogonalize


def keep_norm(g: Array, state: State, t: int, x: Array) -> Step:
    """Step by g, and scale the leaf to its first norm n: x = n (x + g) / ||x + g||. If n is 0, step by g.

    Source: Wen et al. (2025), Hyperball optimization.
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
    """Turn matrices along their orthogonalized momentum o at the norm n that they had, and move other leaves by Adam.

    x = n (x - a n o / ||o||) / ||x - a n o / ||o||||. Adam's rate is 0.02 a, if it is not given.
    Source: Wen et al. (2025), Hyperball optimization.
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
    """Divide the orthogonalized momentum o of matrices (inputs, outputs) by its size for each output.

    v = b2 v + (1-b2) mean(o^2) over the inputs; p = o / (sqrt(v) + e); x -= a (0.2 p sqrt(n) / ||p|| + l x), for n
    elements. All other leaves move as with AdamW. Source: Li et al. (2025), algorithm 1.
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
    """Step to the boundary of a ball: x = (1 - a) x - a r lmo(m), m = u m + (1-u) g, for leaves (inputs, outputs).

    lmo(m) is sqrt(outputs / inputs) times the orthogonalized m for a matrix, sign(m) / inputs for the last layer, m by
    the RMS of each input for an embedding, and m by the RMS of the leaf for any other. Without the constraint, x is not
    multiplied by 1 - a. Source: Pethick et al. (2025), algorithms 1 and 2.
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
