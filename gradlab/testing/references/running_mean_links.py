"""References of the links that keep running means, sums and maxima: what each adds to x is the direction that it makes.

A link is the part of an optimizer. Its reference returns d', the direction behind the link, as the change of x.
"""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def scale_by_momentum(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float = 0.9,
    dampening: float | None = None,
    initial: float = 0.0,
) -> Step:
    """Average the directions: m = b m + (1-d) g, from `initial`; without `dampening` d = b.

    Source: Polyak (1964), equation 9; Qian (1999), equation 1.
    """
    share = 1 - (decay if dampening is None else dampening)
    m = decay * state.get("m", initial) + share * g
    return m, {"m": m}


def scale_by_heavy_ball(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.9, dampening: float = 0.0
) -> Step:
    """Start the buffer with the first direction: b_1 = g, b = u b + (1-d) g. At u = 0 it rests, and g passes.

    Source: Polyak (1964), equation 9; torch 2.13, `torch/optim/sgd.py`.
    """
    if decay == 0:
        return g, state
    b = decay * state["b"] + (1 - dampening) * g if "b" in state else g
    return b, {"b": b}


def nesterov(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float = 0.9,
    dampening: float | None = None,
    next_decay: float | None = None,
    corrected: bool = False,
    as_power: bool = False,
) -> Step:
    r"""Look ahead along the momentum: $u_{t+1} m + (1 - d) g$. Alone, the link sees one signal g in the place of both.

    `next_decay` is $u_{t+1}$ (None: $u_t$). `corrected` divides the terms by $1 - \prod_{t+1} u$ and $1 - \prod_t u$;
    each product is that of all decays so far, or with `as_power` a power of the decay of its step.
    Source: Sutskever et al. (2013), equation 7; Dozat (2016), algorithm 2.
    """
    later = decay if next_decay is None else next_decay
    share = 1 - (decay if dampening is None else dampening)
    if not corrected:
        return later * g + share * g, {}
    if as_power:
        return later * g / (1 - later ** (t + 1)) + share * g / (1 - decay**t), {}
    product = decay * state.get("product", 1.0)
    return later * g / (1 - later * product) + share * g / (1 - product), {"product": product}


def bias_correction(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    first_decay: float | None = None,
    second_decay: float | None = None,
    as_power: bool = False,
) -> Step:
    """Correct means for their start at zero: g sqrt(1 - prod b2) / (1 - prod b1), or powers b^t with `as_power`.

    Source: Kingma & Ba (2015), section 3.
    """
    products = {}
    for name, decay in (("first", first_decay), ("second", second_decay)):
        if decay is not None:
            products[name] = decay**t if as_power else decay * state.get(name, 1.0)
    root = np.sqrt(1 - products["second"]) if "second" in products else 1.0
    return g * root / (1 - products.get("first", 0.0)), products


def running_max(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep the largest so far, from 0, for complex numbers that of the largest magnitude.

    Source: Reddi et al. (2018), algorithm 2.
    """
    old = state.get("largest", np.zeros_like(g))
    largest = np.where(np.abs(old) > np.abs(g), old, g) if np.iscomplexobj(g) else np.maximum(old, g)
    return largest, {"largest": largest}


def additive_mean(g: Array, state: State, t: int, x: Array, *, decay: float = 0.999, initial: float = 0.0) -> Step:
    """Move by a share of g towards it: v -= (1-b) sign(v - g) g, from `initial`; complex numbers compare by magnitude.

    Source: Zaheer et al. (2018), algorithm 2.
    """
    v = state.get("v", np.full_like(g, initial))
    above = np.sign(np.abs(v) - np.abs(g)) if np.iscomplexobj(g) else np.sign(v - g)
    v = v - (1 - decay) * above * g
    return v, {"v": v}


def lagged_mean(g: Array, state: State, t: int, x: Array, *, decay: float = 0.9999) -> Step:
    """Return the mean before g enters it: v, then v = b v + (1-b) g. It begins as the first g.

    Source: Taniguchi et al. (2024), algorithm 2.
    """
    v = state.get("v", g)
    return v, {"v": decay * v + (1 - decay) * g}


def mix_with_gradient(g: Array, state: State, t: int, x: Array, *, share: float = 0.7) -> Step:
    """Mix the direction with the gradient: n g + (1-n) g. Alone, the link sees one signal g in the place of both.

    Source: Ma & Yarats (2019), equation 4.
    """
    return share * g + (1 - share) * g, {}


def running_sum(g: Array, state: State, t: int, x: Array, *, initial: float = 0.0) -> Step:
    """Add up: s = s + g, from `initial`."""
    s = state.get("s", initial) + g
    return s, {"s": s}
