"""References of the methods that add a moment to Adam, or the gradient before: Adan, AdEMAMix, ADOPT, MARS."""

import math

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, moments, square


def adan(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.98,
    b2: float = 0.92,
    b3: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float | None = None,
) -> Step:
    """Look ahead along the change of the gradient, then shrink x.

    With c = g - (g before), 0 at first: m of g, d of c, n of |g + b2 c|^2, all corrected,
    x = (x - a (m^ + b2 d^) / (sqrt(n^) + eps)) / (1 + a l). Source: Xie et al. (2022), Algorithm 1,
    whose betas are 1 minus these.
    """
    c = g - state.get("g", g)
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    d = b2 * state.get("d", 0.0) + (1 - b2) * c
    n = b3 * state.get("n", 0.0) + (1 - b3) * square(g + b2 * c)
    u = divide(m / (1 - b1**t) + b2 * d / (1 - b2**t), np.sqrt(n / (1 - b3**t)) + eps)
    shrink = learning_rate * (weight_decay or 0.0)
    return (-learning_rate * u - shrink * x) / (1 + shrink), {"g": g, "m": m, "d": d, "n": n}


def ademamix(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    b3: float = 0.9999,
    alpha: float = 5.0,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    warmup_steps: float | None = None,
) -> Step:
    """Add a slow momentum that is not corrected: x -= a ((m^ + alpha s) / (sqrt(v^) + eps) + l x).

    s = b3 s + (1-b3) g. Over T = `warmup_steps`, alpha grows as t/T and b3 as
    exp(ln b1 ln b3 / ((1-t/T) ln b3 + t/T ln b1)). Source: Pagliardini et al. (2024), Algorithm 1.
    """
    if warmup_steps is not None and t < warmup_steps:
        share = t / warmup_steps
        start, end = (1 / math.log(b) if b > 0 else 0.0 for b in (b1, b3))
        inverse = (1 - share) * start + share * end
        b3 = math.exp(1 / inverse) if inverse < 0 else 0.0
        alpha *= share
    m, v = moments(g, state, b1, b2)
    s = b3 * state.get("slow", 0.0) + (1 - b3) * g
    d = divide(m / (1 - b1**t) + alpha * s, np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (d + (weight_decay or 0.0) * x), {"m": m, "v": v, "slow": s}


def adopt(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-3,
    b1: float = 0.9,
    b2: float = 0.9999,
    eps: float = 1e-6,
    weight_decay: float | None = None,
    clip_exponent: float = 0.25,
) -> Step:
    """Divide by the old second moment: m = b1 m + (1-b1) clip(g / max(sqrt(v), eps), +-k^p), x -= a (m + l x).

    Then v = b2 v + (1-b2) |g|^2. The first gradient only begins v, so k = t - 1.
    Source: Taniguchi et al. (2024), Algorithm 2.
    """
    if t == 1:
        return -learning_rate * (weight_decay or 0.0) * x, {"m": np.zeros_like(g), "v": square(g)}
    bound, u = (t - 1.0) ** clip_exponent, divide(g, np.maximum(np.sqrt(state["v"]), eps))
    imaginary = 1j * np.clip(u.imag, -bound, bound) if np.iscomplexobj(u) else 0.0
    m = b1 * state["m"] + (1 - b1) * (np.clip(u.real, -bound, bound) + imaginary)
    v = b2 * state["v"] + (1 - b2) * square(g)
    return -learning_rate * (m + (weight_decay or 0.0) * x), {"m": m, "v": v}


def mars(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 3e-3,
    b1: float = 0.95,
    b2: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    gamma: float = 0.025,
    max_norm: float = 1.0,
) -> Step:
    """Take the step of AdamW for c = g + gamma b1/(1-b1) (g - g before), shortened to a norm of `max_norm`.

    The change is 0 at first. Source: Yuan et al. (2024), Algorithms 2 and 3, with the gradient of the batch before.
    """
    c = g + gamma * b1 / (1 - b1) * (g - state.get("g", g))
    norm = float(np.linalg.norm(c.ravel()))
    c = c * (max_norm / norm) if norm > max_norm else c
    m, v = moments(c, state, b1, b2)
    d = divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (d + (weight_decay or 0.0) * x), {"m": m, "v": v, "g": g}
