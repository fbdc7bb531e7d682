"""References of the relatives of Muon."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.adam_family import adam
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
