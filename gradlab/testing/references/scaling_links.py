"""References of the links that scale by a number, a sign or a second moment. The change of x is the direction."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def scale(g: Array, state: State, t: int, x: Array, *, factor: float) -> Step:
    """Multiply by a number, $d' = c g$. `factor` is $c$."""
    return factor * g, {}


def scale_by_learning_rate(g: Array, state: State, t: int, x: Array, *, learning_rate: float) -> Step:
    r"""Turn the direction downhill, $d' = -\alpha g$."""
    return -learning_rate * g, {}


def scale_by_sign(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep the sign, or the phase of a complex number, $d' = g / |g|$, and 0 at 0.

    Source: Bernstein et al. (2018).
    """
    return divide(g, np.abs(g)), {}


def majority_vote(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep the sign of each part: the vote of one worker. Source: Bernstein et al. (2019), algorithm 1."""
    return (np.sign(g.real) + 1j * np.sign(g.imag) if np.iscomplexobj(g) else np.sign(g)), {}


def one_bit_mean(g: Array, state: State, t: int, x: Array) -> Step:
    r"""Send one bit of each part, its sign, and add what was not sent to the next direction.

    $$q_t = g_t + e_{t-1}, \quad d'_t = \operatorname{mean}(|q_t|) \operatorname{sign}(q_t), \quad e_t = q_t - d'_t$$

    Source: Karimireddy et al. (2019), algorithm 1 (EF-signSGD), behind the learning rate.
    """
    q = g + state.get("e", 0.0)
    parts = np.stack([q.real, q.imag]) if np.iscomplexobj(q) else q[None]
    sent = np.sign(parts) * (np.abs(parts).mean() if parts.size else 0.0)
    sent = sent[0] + 1j * sent[1] if np.iscomplexobj(q) else sent[0]
    return sent, {"e": q - sent}


def add_decayed_weights(
    g: Array, state: State, t: int, x: Array, *, weight_decay: float = 1e-2, cautious: bool = False
) -> Step:
    r"""Add a share of the parameters, $d' = g + \lambda x$, with `cautious` only where $g x \ge 0$.

    Sources: Krogh & Hertz (1991); Chen et al. (2025), algorithm 1.
    """
    decays = np.real(np.conj(g) * x) >= 0 if cautious else True
    return g + weight_decay * np.where(decays, x, 0.0), {}


def proximal_decay(
    g: Array, state: State, t: int, x: Array, *, learning_rate: float, weight_decay: float = 1e-2
) -> Step:
    r"""Shrink the parameters after the step $g$, $x_t = (x_{t-1} + g_t) / (1 + \alpha \lambda)$.

    Source: Xie et al. (2022), algorithm 1.
    """
    return (x + g) / (1 + learning_rate * weight_decay) - x, {}


def agree_in_sign(g: Array, state: State, t: int, x: Array, *, min_share: float = 1e-3) -> Step:
    """Keep the elements of a direction $d$ where $d g > 0$, and divide them by the share of a leaf that is kept.

    The share counts as `min_share` where it is smaller. Alone, the link sees one signal $g$ in the place of both, so
    only zeros disagree. Source: Liang et al. (2024), algorithm 1.
    """
    share = np.count_nonzero(g) / max(g.size, 1)
    return g / max(share, min_share), {}


def scale_by_rms(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float = 0.9,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    floor: float | None = None,
) -> Step:
    r"""Divide by the root mean square, $d' = g_t / (\max(\sqrt{v_t + \epsilon_r}, c) + \epsilon)$.

    $v_t = \beta v_{t-1} + (1 - \beta) |g_t|^2$, and `floor` is $c$ (None: 0). Source: Hinton (2012), lecture 6e.
    """
    v = decay * state.get("v", 0.0) + (1 - decay) * square(g)
    return divide(g, np.maximum(np.sqrt(v + eps_root), floor or 0.0) + eps), {"v": v}


def scale_by_rss(
    g: Array, state: State, t: int, x: Array, *, initial: float = 0.0, eps: float = 1e-10, eps_root: float = 0.0
) -> Step:
    r"""Divide by the root of the sum of squares, $d' = g_t / (\sqrt{s_t + \epsilon_r} + \epsilon)$.

    $s_t = s_{t-1} + |g_t|^2$, and `initial` is $s_0$. Source: Duchi et al. (2011), figure 1.
    """
    s = state.get("s", initial) + square(g)
    return divide(g, np.sqrt(s + eps_root) + eps), {"s": s}


def scale_by_stddev(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    decay: float = 0.9,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    mean_decay: float | None = None,
) -> Step:
    r"""Divide by the standard deviation, $d' = g_t / (\sqrt{\max(v_t - |m_t|^2, 0) + \epsilon_r} + \epsilon)$.

    $v_t$ is the running mean of $|g_t|^2$ with the decay $\beta$, and $m_t$ that of $g_t$ with `mean_decay` (None:
    $\beta$). Source: Graves (2013), equations 38 to 40.
    """
    mean_decay = decay if mean_decay is None else mean_decay
    v = decay * state.get("v", 0.0) + (1 - decay) * square(g)
    m = mean_decay * state.get("m", 0.0) + (1 - mean_decay) * g
    variance = np.maximum(v - square(m), 0.0)
    return divide(g, np.sqrt(variance + eps_root) + eps), {"v": v, "m": m}


def scale_by_infinity_norm(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.999, eps: float = 0.0, eps_inside: float = 0.0
) -> Step:
    r"""Divide by a decaying maximum, $w_t = \max(\beta w_{t-1}, |g_t| + \epsilon_i)$, $d' = g_t / (w_t + \epsilon)$.

    `eps_inside` is $\epsilon_i$. Source: Kingma & Ba (2015), algorithm 2.
    """
    u = np.maximum(decay * state.get("u", 0.0), np.abs(g) + eps_inside)
    return divide(g, u + eps), {"u": u}


def scale_by_update_rms(g: Array, state: State, t: int, x: Array, *, decay: float = 0.9, eps: float = 1e-6) -> Step:
    r"""Multiply by the RMS of the results before, $d'_t = \sqrt{w_{t-1} + \epsilon} g_t$.

    $w_t = \beta w_{t-1} + (1 - \beta) |d'_t|^2$. Results above $2^{484}$, whose squares might overflow, enter it as
    $2^{484}$. Source: Zeiler (2012), algorithm 1.
    """
    w = state.get("w", 0.0)
    d = np.sqrt(w + eps) * g
    return d, {"w": decay * w + (1 - decay) * np.minimum(np.abs(d), 2.0**484) ** 2}
