"""References of Kronecker-factored preconditioning."""

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
    """Return (L + e I)^-p d (R + e I)^-p, for sums or running means L of g g' and R of g' g, and d = g by default.

    The powers are those of the last step whose number is a multiple of `every`, counted from 0.
    Source: Gupta et al. (2018), algorithm 1.
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
    """Precondition matrices from both sides, and move all other leaves as AdamW does.

    x -= a ((L + e I)^-p g (R + e I)^-p + l x). Adam's rate is 0.01 a, if it is not given.
    Source: Gupta et al. (2018), algorithm 1.
    """
    if g.ndim != 2:
        rate = 0.01 * learning_rate if adam_learning_rate is None else adam_learning_rate
        return adamw(
            g, state, t, x, learning_rate=rate, b1=adam_b1, b2=adam_b2, eps=adam_eps, weight_decay=weight_decay
        )
    m = g if momentum is None else momentum * state.get("m", 0.0) + (1 - momentum) * g
    d, after = scale_by_kronecker(g, state, t, x, decay=decay, exponent=exponent, eps=eps, every=every, direction=m)
    return -learning_rate * (d + weight_decay * x), {**after, "m": m}
