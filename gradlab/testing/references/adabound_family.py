"""References of AdaBound and AMSBound, which clip the rates of Adam and AMSGrad towards one final rate."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments


def adabound(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    final_rate: float = 0.1,
    gamma: float = 1e-3,
    eps: float = 1e-8,
    initial_rate: float | None = None,
) -> Step:
    """Clip Adam's rate, then apply it: x -= clip(s / (sqrt(v) + eps), lower, upper) m.

    s = a sqrt(1 - b2^t) / (1 - b1^t), lower = f (1 - 1 / (c t + 1)), upper = f (1 + 1 / (c t)), and
    m is not corrected. f is `final_rate` times a / a_0, with a_0 the `initial_rate` (None: equal to
    `learning_rate`); c is `gamma`. A rate divided by zero is infinite, and clipped to upper.
    Source: Luo et al. (2019), Algorithm 2, as in the authors' code (no further 1/sqrt(t)).
    """
    m, v = moments(g, state, b1, b2)
    s = learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    f = final_rate if initial_rate is None else final_rate * learning_rate / initial_rate
    rate = _clip(divide(s, np.sqrt(v) + eps, by_zero=np.inf), f, gamma, t)
    return -rate * m, {"m": m, "v": v}


def amsbound(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    final_rate: float = 0.1,
    gamma: float = 1e-3,
    eps: float = 1e-8,
    initial_rate: float | None = None,
) -> Step:
    """Clip AMSGrad's rate: `adabound` with v in the rate replaced by its running maximum.

    The maximum is of the v that is not corrected. Source: Luo et al. (2019), Algorithm 3.
    """
    m, v = moments(g, state, b1, b2)
    w = np.maximum(state.get("w", 0.0), v)
    s = learning_rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    f = final_rate if initial_rate is None else final_rate * learning_rate / initial_rate
    rate = _clip(divide(s, np.sqrt(w) + eps, by_zero=np.inf), f, gamma, t)
    return -rate * m, {"m": m, "v": v, "w": w}


def _clip(rate: Array, f: float, c: float, t: int) -> Array:
    return np.clip(rate, f * (1 - 1 / (c * t + 1)), f * (1 + 1 / (c * t)))
