"""References of the links that scale by a number, a sign or a second moment. The change of x is the direction d'."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def scale(g: Array, state: State, t: int, x: Array, *, factor: float) -> Step:
    """Multiply by a number: c g."""
    return factor * g, {}


def scale_by_learning_rate(g: Array, state: State, t: int, x: Array, *, learning_rate: float) -> Step:
    """Turn the direction downhill: -a g."""
    return -learning_rate * g, {}


def scale_by_sign(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep the sign, or the phase g / |g| of a complex number, and 0 at 0. Source: Bernstein et al. (2018)."""
    return divide(g, np.abs(g)), {}


def majority_vote(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep the sign of each part: the vote of one worker. Source: Bernstein et al. (2019), algorithm 1."""
    return (np.sign(g.real) + 1j * np.sign(g.imag) if np.iscomplexobj(g) else np.sign(g)), {}


def one_bit_mean(g: Array, state: State, t: int, x: Array) -> Step:
    """Keep one bit of each part and add the rest to the next gradient: q = g + e, mean(|q|) sign(q), e = q - that.

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
    """Add a share of the parameters: g + l x; `cautious`, only where g x >= 0.

    Sources: Krogh & Hertz (1991); Chen et al. (2025), algorithm 1.
    """
    decays = np.real(np.conj(g) * x) >= 0 if cautious else True
    return g + weight_decay * np.where(decays, x, 0.0), {}


def proximal_decay(
    g: Array, state: State, t: int, x: Array, *, learning_rate: float, weight_decay: float = 1e-2
) -> Step:
    """Shrink the parameters after the step g: (x + g) / (1 + a l). Source: Xie et al. (2022), algorithm 1."""
    return (x + g) / (1 + learning_rate * weight_decay) - x, {}


def agree_in_sign(g: Array, state: State, t: int, x: Array, *, min_share: float = 1e-3) -> Step:
    """Keep where d g > 0, over the share that is kept. Alone, the link sees one signal, so only zeros disagree.

    Source: Liang et al. (2024), algorithm 1.
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
    """Divide by the root mean square: v = r v + (1-r) |g|^2, g / (max(sqrt(v + e_r), floor) + e).

    Source: Hinton (2012), lecture 6e.
    """
    v = decay * state.get("v", 0.0) + (1 - decay) * square(g)
    return divide(g, np.maximum(np.sqrt(v + eps_root), floor or 0.0) + eps), {"v": v}


def scale_by_rss(
    g: Array, state: State, t: int, x: Array, *, initial: float = 0.0, eps: float = 1e-10, eps_root: float = 0.0
) -> Step:
    """Divide by the root of the sum of squares: s += |g|^2 from `initial`, g / (sqrt(s + e_r) + e).

    Source: Duchi et al. (2011), figure 1.
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
    """Divide by the standard deviation: g / (sqrt(max(v - |m|^2, 0) + e_r) + e), v of |g|^2 and m of g.

    `mean_decay` is the decay of m (None: that of v). Source: Graves (2013), equations 38 to 40.
    """
    mean_decay = decay if mean_decay is None else mean_decay
    v = decay * state.get("v", 0.0) + (1 - decay) * square(g)
    m = mean_decay * state.get("m", 0.0) + (1 - mean_decay) * g
    variance = np.maximum(v - square(m), 0.0)
    return divide(g, np.sqrt(variance + eps_root) + eps), {"v": v, "m": m}


def scale_by_infinity_norm(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.999, eps: float = 0.0, eps_inside: float = 0.0
) -> Step:
    """Divide by a decaying maximum: u = max(b u, |g| + e_i), g / (u + e). Source: Kingma & Ba (2015), algorithm 2."""
    u = np.maximum(decay * state.get("u", 0.0), np.abs(g) + eps_inside)
    return divide(g, u + eps), {"u": u}


def scale_by_update_rms(g: Array, state: State, t: int, x: Array, *, decay: float = 0.9, eps: float = 1e-6) -> Step:
    """Multiply by the RMS of the results before: d = sqrt(w + e) g, then w = r w + (1-r) |d|^2.

    Results above 2^484, which have no square, enter w as 2^484. Source: Zeiler (2012), algorithm 1.
    """
    w = state.get("w", 0.0)
    d = np.sqrt(w + eps) * g
    return d, {"w": decay * w + (1 - decay) * np.minimum(np.abs(d), 2.0**484) ** 2}
