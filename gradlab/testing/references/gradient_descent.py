"""References of gradient descent: plain, with momentum, and by sign."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def sgd(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1e-2,
    momentum: float | None = None,
    nesterov: bool = False,
    dampening: float = 0.0,
    next_momentum: float | None = None,
) -> Step:
    """Descend: x -= a g; heavy ball v = u v + (1-d) g, x -= a v; or Nesterov's look-ahead.

    Nesterov's is the stored-point form with the rate inside the buffer, v = u v - a (1-d) g,
    x += u v - a (1-d) g, where x stands for the point that momentum is about to reach. The u of
    x += u v belongs to step t+1: it is `next_momentum` (None: equal to `momentum`).
    Without `momentum` both `nesterov` and `dampening` are without effect. Sources: Cauchy (1847);
    Robbins & Monro (1951); Polyak (1964); Nesterov (1983) as in Sutskever et al. (2013), eqs. 3-4.
    """
    if momentum is None:
        return -learning_rate * g, {}
    g = (1 - dampening) * g
    if nesterov:
        v = momentum * state.get("v", 0.0) - learning_rate * g
        ahead = momentum if next_momentum is None else next_momentum
        return ahead * v - learning_rate * g, {"v": v}
    v = momentum * state.get("v", 0.0) + g
    return -learning_rate * v, {"v": v}


def momentum_average(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    decay: float = 0.9,
) -> Step:
    """Descend along the running mean of the gradients: m = b m + (1-b) g, x -= a m.

    Source: Qian (1999), in the scaling of a mean.
    """
    m = decay * state.get("m", 0.0) + (1 - decay) * g
    return -learning_rate * m, {"m": m}


def sign_sgd(g: Array, state: State, t: int, x: Array, *, learning_rate: float) -> Step:
    """Descend by the sign: x -= a sign(g), with g / |g| for a complex g, and 0 at 0.

    Source: Bernstein et al. (2018), Algorithm 1.
    """
    return -learning_rate * np.sign(g), {}
