"""References of methods whose rate follows from a distance, over the whole tree."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import State, square
from gradlab.testing.references.runner import Leaves, whole_tree


def _norm(tree: Leaves) -> float:
    return float(np.sqrt(sum(square(leaf).sum() for leaf in tree.values())))


def _product(one: Leaves, other: Leaves) -> float:
    return float(sum(np.real(np.conj(one[path]) * other[path]).sum() for path in one))


def _length(tree: Leaves) -> float:
    return float(sum(np.abs(leaf).sum() for leaf in tree.values()))


def _decay(g: Leaves, x: Leaves, weight_decay: float | None) -> Leaves:
    return {path: leaf + (weight_decay or 0.0) * x[path] for path, leaf in g.items()}


def _follow(state: State, x: Leaves, initial: float, relative: bool) -> tuple[Leaves, float]:
    """Return the start, and the largest distance from it, r = max(r, ||x - x0||), from r = e (1 + ||x0||)."""
    start = state.get("start", x)
    first = initial * (1 + _norm(start)) if relative else initial
    return start, max(state.get("r", first), _norm({path: x[path] - start[path] for path in x}))


@whole_tree
def scale_by_global_rss(
    g: Leaves, state: State, t: int, x: Leaves, *, eps: float = 0.0, eps_root: float = 0.0
) -> tuple[Leaves, State]:
    r"""Divide by the root of $G_t = G_{t-1} + \|g_t\|^2$, $d' = g_t / (\sqrt{G_t + \epsilon_r} + \epsilon)$.

    The norm is that of the whole tree. Source: Ward et al. (2019), algorithm 1.
    """
    total = state.get("G", 0.0) + _norm(g) ** 2
    root = np.sqrt(total + eps_root) + eps
    return {path: leaf / root if root else leaf for path, leaf in g.items()}, {"G": total}


@whole_tree
def dog(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1.0,
    initial: float = 1e-6,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    relative: bool = True,
) -> tuple[Leaves, State]:
    r"""Move by the largest distance from the start so far over the root of all squared gradients.

    $$x_t = x_{t-1} - \alpha \frac{r_t}{\sqrt{G_t + \epsilon}} g_t, \quad G_t = G_{t-1} + \|g_t\|^2$$

    The distance is $r_t = \max(r_{t-1}, \|x_{t-1} - x_0\|)$. `initial` is $r_0$, or its share of $1 + \|x_0\|$ with
    `relative`. With a weight decay, $g_t + \lambda x_{t-1}$ takes the place of $g_t$. Source: Ivgi et al. (2023),
    equation DoG.
    """
    g = _decay(g, x, weight_decay)
    start, r = _follow(state, x, initial, relative)
    total = state.get("G", 0.0) + _norm(g) ** 2
    rate = learning_rate * r / np.sqrt(total + eps) if total + eps > 0 else 0.0
    return {path: -rate * leaf for path, leaf in g.items()}, {"start": start, "r": r, "G": total}


@whole_tree
def dowg(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1.0,
    initial: float = 1e-6,
    eps: float = 0.0,
    weight_decay: float | None = None,
    relative: bool = True,
) -> tuple[Leaves, State]:
    r"""Move as `dog` does, with gradients that are weighted by the squared distance.

    $$x_t = x_{t-1} - \alpha \frac{r_t^2}{\sqrt{G_t} + \epsilon} g_t, \quad G_t = G_{t-1} + r_t^2 \|g_t\|^2$$

    Source: Khaled et al. (2023), algorithm 1.
    """
    g = _decay(g, x, weight_decay)
    start, r = _follow(state, x, initial, relative)
    total = state.get("G", 0.0) + r**2 * _norm(g) ** 2
    root = np.sqrt(total) + eps
    rate = learning_rate * r**2 / root if root > 0 else 0.0
    return {path: -rate * leaf for path, leaf in g.items()}, {"start": start, "r": r, "G": total}


@whole_tree
def prodigy(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1.0,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    b3: float | None = None,
    initial: float = 1e-6,
    coefficient: float = 1.0,
) -> tuple[Leaves, State]:
    r"""Move as AdamW does, at the scale of an estimated distance $D$ to the solution.

    $$x_t = x_{t-1} - \alpha D_{t-1} (\frac{m_t}{\sqrt{v_t} + D_{t-1} \epsilon} + \lambda x_{t-1})$$

    $m_t$ and $v_t$ are the moments of $D_{t-1} g_t$, not corrected. The estimate grows with the gradients that point to
    the start, $r_t = \beta_3 r_{t-1} + \alpha D_{t-1}^2 \langle g_t, x_0 - x_{t-1} \rangle$, in proportion to the sum
    of all, $s_t = \beta_3 s_{t-1} + \alpha D_{t-1}^2 g_t$.

    $$D_t = \max(D_{t-1}, c \frac{r_t}{\|s_t\|_1})$$

    `initial` is $D_0$, `coefficient` is $c$, and `b3` is $\beta_3$ (None: $\sqrt{\beta_2}$).

    Source: Mishchenko & Defazio (2024), algorithm 4.
    """
    b3 = np.sqrt(b2) if b3 is None else b3
    start, d = state.get("start", x), state.get("d", initial)
    zeros = dict.fromkeys(x, 0.0)
    m = {path: b1 * m + (1 - b1) * d * g[path] for path, m in state.get("m", zeros).items()}
    v = {path: b2 * v + (1 - b2) * d**2 * square(g[path]) for path, v in state.get("v", zeros).items()}
    w = learning_rate * d**2
    r = b3 * state.get("r", 0.0) + w * _product(g, {path: start[path] - x[path] for path in x})
    s = {path: b3 * s + w * g[path] for path, s in state.get("s", zeros).items()}
    change = {}
    for path in x:
        root = np.sqrt(v[path]) + d * eps
        step = np.where(root > 0, m[path] / np.where(root > 0, root, 1.0), 0.0) + (weight_decay or 0.0) * x[path]
        change[path] = -learning_rate * d * step
    length = _length(s)
    d = max(d, coefficient * r / length) if length else d
    return change, {"start": start, "d": d, "m": m, "v": v, "r": r, "s": s}


@whole_tree
def dadapt_adam(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1.0,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float | None = None,
    initial: float = 1e-6,
) -> tuple[Leaves, State]:
    r"""Move as AdamW does, at the scale of an estimated distance $D$ to the solution.

    $$x_t = x_{t-1} - \frac{m_t}{\sqrt{v_t} + \epsilon} - \alpha D_{t-1} \lambda x_{t-1}$$

    $m_t$ is the mean of $\alpha D_{t-1} g_t$, and $v_t$ that of $|g_t|^2$, neither corrected. The estimate compares
    each gradient with the mean of those before, with the decay $\beta = \sqrt{\beta_2}$.

    $$r_t = \beta r_{t-1} + (1 - \beta) \alpha D_{t-1} \langle g_t, \frac{s_{t-1}}{\sqrt{v_{t-1}} + \epsilon} \rangle$$

    $$s_t = \beta s_{t-1} + (1 - \beta) \alpha D_{t-1} g_t, \quad
    D_t = \max(D_{t-1}, \frac{r_t}{(1 - \beta) \|s_t\|_1})$$

    `initial` is $D_0$. Source: Defazio & Mishchenko (2023), section 5; `dadaptation` 3.2.
    """
    b = np.sqrt(b2)
    d = state.get("d", initial)
    w = learning_rate * d
    old_v, old_s, old_m = (state.get(name, {path: np.zeros_like(leaf) for path, leaf in x.items()}) for name in "vsm")

    def divide(a, moment):
        root = np.sqrt(np.real(moment)) + eps
        return np.where(root > 0, a / np.where(root > 0, root, 1.0), 0.0)

    product = _product(g, {path: divide(old_s[path], old_v[path]) for path in x})
    r = b * state.get("r", 0.0) + (1 - b) * w * product
    m = {path: b1 * old_m[path] + (1 - b1) * w * g[path] for path in x}
    v = {path: b2 * np.real(old_v[path]) + (1 - b2) * square(g[path]) for path in x}
    s = {path: b * old_s[path] + (1 - b) * w * g[path] for path in x}
    change = {path: -divide(m[path], v[path]) - w * (weight_decay or 0.0) * x[path] for path in x}
    length = _length(s)
    d = max(d, r / ((1 - b) * length)) if length else d
    return change, {"d": d, "m": m, "v": v, "r": r, "s": s}


@whole_tree
def mechanic(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 1e-2,
    initial: float = 1e-8,
    decays: int = 6,
    eps: float = 1e-8,
) -> tuple[Leaves, State]:
    r"""Scale the sum $\Delta_t$ of the steps of gradient descent with the heavy ball, $x_t = x_0 + S_t \Delta_t$.

    $S_t$ is the sum of the scales $s_t$ of several tuners. Each has a decay $\beta = 1 - 10^{-i}$, with $i$ from 1 to
    $n$, the number of `decays`. `initial` is $\delta$. All of them see how the gradient points along the sum of the
    steps.

    $$h_t = \langle \Delta_{t-1}, g_t + \lambda S_{t-1} \frac{\|g_t\|}{\|x_{t-1}\|} x_{t-1} \rangle$$

    $$m_t = \max(\beta m_{t-1}, |h_t|), \quad v_t = \beta^2 v_{t-1} + h_t^2, \quad
    r_t = \max(\beta r_{t-1} - s_{t-1} h_t, 0)$$

    $$s_t = \frac{\delta m_t / n + r_t}{\sqrt{v_t} + \epsilon}$$

    Source: Cutkosky et al. (2023), algorithm 1.
    """
    zeros = {path: np.zeros_like(leaf) for path, leaf in x.items()}
    b = 1 - 0.1 ** np.arange(1, decays + 1)
    old, buffer = state.get("D", zeros), state.get("buffer", zeros)
    m, v, r, s = (state.get(name, np.zeros(decays)) for name in "mvrs")
    size = _norm(x)
    share = weight_decay * s.sum() * _norm(g) / size if size else 0.0
    h = _product(old, {path: g[path] + share * x[path] for path in x})
    m, v, r = np.maximum(b * m, abs(h)), b**2 * v + h**2, np.maximum(b * r - s * h, 0.0)
    root = np.sqrt(v) + eps
    new_s = (initial * m / decays + r) / np.where(root > 0, root, 1.0)
    buffer = {path: momentum * buffer[path] + g[path] for path in x}
    new = {path: old[path] - learning_rate * buffer[path] for path in x}
    change = {path: new_s.sum() * new[path] - s.sum() * old[path] for path in x}
    return change, {"D": new, "buffer": buffer, "m": m, "v": v, "r": r, "s": new_s}
