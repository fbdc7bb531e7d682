"""References of the optimizers that divide by a root mean square: Adagrad, Adadelta, RMSProp."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def adagrad(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    initial_accumulator: float = 0.0,
    eps: float = 1e-10,
) -> Step:
    """Divide by the root of the sum of squares: s += |g|^2, x -= a g / (sqrt(s) + eps).

    Source: Duchi et al. (2011), the diagonal form.
    """
    s = state.get("s", initial_accumulator) + square(g)
    return -learning_rate * divide(g, np.sqrt(s) + eps), {"s": s}


def adadelta(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1.0,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float | None = None,
) -> Step:
    """Give the update the unit of x: d = sqrt(w + eps) / sqrt(v + eps) g, x -= a d.

    v = r v + (1-r) |g|^2 is of this step, and w = r w + (1-r) |d|^2 of the step before; w does not
    see the rate. With a weight decay l, g + l x takes the place of g. Source: Zeiler (2012), Algorithm 1, where a = 1.
    """
    g = g + (weight_decay or 0.0) * x
    v = rho * state.get("v", 0.0) + (1 - rho) * square(g)
    w = state.get("w", 0.0)
    d = divide(np.sqrt(w + eps) * g, np.sqrt(v + eps))
    return -learning_rate * d, {"v": v, "w": rho * w + (1 - rho) * square(d)}


def rmsprop(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-2,
    decay: float = 0.9,
    eps: float = 1e-8,
    centered: bool = False,
    momentum: float | None = None,
    nesterov: bool = False,
    eps_in_sqrt: bool = False,
    initial_scale: float | None = None,
    bias_correction: bool = False,
) -> Step:
    """Divide by the root mean square: v = r v + (1-r) |g|^2, d = g / (sqrt(v) + eps), x -= a d.

    Centered: v - |mean(g)|^2, at least 0, in the place of v. With momentum: b = u b + d, x -= a b,
    or x -= a (d + u b) for Nesterov's; the rate is outside the buffer. `eps_in_sqrt`: sqrt(v + eps).
    `initial_scale` is v at first (None: 0). `bias_correction` divides v and the mean by 1 - r^t.
    Sources: Hinton (2012), lecture 6; Graves (2013), centered; Goodfellow et al. (2016), section 8.5.2.
    """
    v = decay * state.get("v", initial_scale or 0.0) + (1 - decay) * square(g)
    mean = decay * state.get("mean", 0.0) + (1 - decay) * g
    weight = 1 - decay**t if bias_correction else 1.0
    variance = np.maximum(v / weight - square(mean / weight), 0.0) if centered else v / weight
    d = divide(g, np.sqrt(variance + eps) if eps_in_sqrt else np.sqrt(variance) + eps)
    b = (momentum or 0.0) * state.get("b", 0.0) + d
    direction = d + (momentum or 0.0) * b if nesterov else b
    return -learning_rate * direction, {"v": v, "mean": mean, "b": b}
