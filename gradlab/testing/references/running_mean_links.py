"""References of the links that keep running means, sums and maxima.

A link is a part of an optimizer. Its reference returns $d'$, the direction behind the link, as the change of $x$.
"""

from __future__ import annotations

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
    r"""Average the directions, $d'_t = m_t = \beta m_{t-1} + (1 - \tau) g_t$.

    `initial` is $m_0$, and `dampening` is $\tau$ (None: $\beta$). Source: Polyak (1964), equation 9; Qian (1999),
    equation 1.
    """
    share = 1 - (decay if dampening is None else dampening)
    m = decay * state.get("m", initial) + share * g
    return m, {"m": m}


def scale_by_heavy_ball(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.9, dampening: float = 0.0
) -> Step:
    r"""Start the buffer with the first direction, $b_1 = g_1$, $b_t = \mu b_{t-1} + (1 - \tau) g_t$.

    `decay` is $\mu$, and `dampening` is $\tau$. At $\mu = 0$ the buffer does not change, and $g$ passes.

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
    r"""Look ahead along the momentum, $d' = \mu_{t+1} m_t + (1 - \tau) g_t$.

    Alone, the link sees one signal $g$ in the place of both $m$ and $g$. `decay` is $\mu_t$, `next_decay` is
    $\mu_{t+1}$ (None: $\mu_t$), and `dampening` is $\tau$ (None: $\mu_t$). `corrected` divides the terms by
    $1 - \prod_{i=1}^{t+1} \mu_i$ and $1 - \prod_{i=1}^t \mu_i$; each product is that of all decays so far, or with
    `as_power` a power of the decay of its step. Source: Sutskever et al. (2013), equation 7; Dozat (2016), algorithm 2.
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
    r"""Correct means for their start at zero, $d' = g \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)$.

    `first_decay` is $\beta_1$ and `second_decay` is $\beta_2$. Without `as_power`, the product of the decays of all
    steps so far takes the place of each power. Source: Kingma & Ba (2015), section 3.
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
    r"""Move a mean by a share of the direction towards it, $d'_t = v_t$.

    $v_t = v_{t-1} - (1 - \beta) \operatorname{sign}(v_{t-1} - g_t) g_t$, and `initial` is $v_0$. Complex numbers are
    compared by magnitude. Source: Zaheer et al. (2018), algorithm 2.
    """
    v = state.get("v", np.full_like(g, initial))
    above = np.sign(np.abs(v) - np.abs(g)) if np.iscomplexobj(g) else np.sign(v - g)
    v = v - (1 - decay) * above * g
    return v, {"v": v}


def lagged_mean(g: Array, state: State, t: int, x: Array, *, decay: float = 0.9999) -> Step:
    r"""Return the running mean of the directions before, $d'_t = v_{t-1}$ with $v_t = \beta v_{t-1} + (1 - \beta) g_t$.

    It begins as the first direction, $v_0 = g_1$. Source: Taniguchi et al. (2024), algorithm 2.
    """
    v = state.get("v", g)
    return v, {"v": decay * v + (1 - decay) * g}


def mix_with_gradient(g: Array, state: State, t: int, x: Array, *, share: float = 0.7) -> Step:
    r"""Mix the direction $d$ with the gradient, $d' = \nu d + (1 - \nu) g$. `share` is $\nu$.

    Alone, the link sees one signal $g$ in the place of both. Source: Ma & Yarats (2019), equation 4.
    """
    return share * g + (1 - share) * g, {}


def running_sum(g: Array, state: State, t: int, x: Array, *, initial: float = 0.0) -> Step:
    """Add up, $s_t = s_{t-1} + g_t$. `initial` is $s_0$."""
    s = state.get("s", initial) + g
    return s, {"s": s}
