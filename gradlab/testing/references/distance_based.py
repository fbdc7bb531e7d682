"""References of methods whose rate follows from a distance, over the whole tree."""

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
    """Divide by the root of G = G + ||g||^2 of the whole tree. Source: Ward et al. (2019), algorithm 1."""
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
    """Move by a r g / sqrt(G + e), G = G + ||g||^2. Source: Ivgi et al. (2023), equation DoG."""
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
    """Move by a r^2 g / (sqrt(G) + e), G = G + r^2 ||g||^2. Source: Khaled et al. (2023), algorithm 1."""
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
    """Move by a d m / (sqrt(v) + d e) with the moments of d g, where d = max(d, c r / ||s||_1).

    r = b3 r + a d^2 <g, x0 - x>, s = b3 s + a d^2 g. The decay of the parameters is a d l x.
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
    """Move by m / (sqrt(v) + e) with m the mean of a d g, where d = max(d, r / ((1 - b) ||s||_1)) and b = sqrt(b2).

    r = b r + (1 - b) a d <g, s / (sqrt(v) + e)> with s and v of the step before, then s = b s + (1 - b) a d g.
    The decay of the parameters is a d l x. Source: Defazio & Mishchenko (2023), section 5; `dadaptation` 3.2.
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
    """Move to x0 + S D, where D is the sum of the steps of gradient descent with the heavy ball.

    h = <D, g + l S ||g|| x / ||x||>, and for each b = 1 - 10^-i: m = max(b m, |h|), v = b^2 v + h^2,
    r = max(b r - s h, 0), s = (s0 m / n + r) / (sqrt(v) + e); S is the sum of the s. D is that before the step of the
    optimizer in h, and that after it in the point. Source: Cutkosky et al. (2023), algorithm 1.
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
