"""References of methods whose rate follows from the loss, over the whole tree."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import State, square
from gradlab.testing.references.runner import Leaves, whole_tree


def _product(one: Leaves, other: Leaves) -> float:
    return float(sum(np.real(np.conj(one[path]) * other[path]).sum() for path in one))


def _step(
    x: Leaves,
    d: Leaves,
    u: Leaves,
    f: float,
    product: float,
    rho: float,
    a: float,
    share: float,
    lowest: float,
    bound: float | None,
) -> tuple[Leaves, float]:
    """Return the change, and the lower bound after the step; a `bound` of None stays what it is.

    d, f and the product are means with the total weight rho, and u is d over the preconditioner.
    """
    size, along, decay = _product(d, u), _product(d, x), 1 + a * share
    current = lowest if bound is None else bound
    if bound is not None and decay * (f - product) + along < decay * rho * current:
        current = max((decay * (f - product) + along) / (2 * decay * rho), lowest)
    tau = max(decay * (f - rho * current - product) + along, 0.0) / size if size else 0.0
    tau = min(a / rho, tau)
    after = lowest if bound is None else max((f + along - product - tau * size / 2) / rho, lowest)
    return {path: (x[path] - tau * u[path]) / decay - x[path] for path in x}, after


@whole_tree
def momo(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1.0,
    momentum: float = 0.9,
    lower_bound: float = 0.0,
    weight_decay: float | None = None,
    adapt_lower_bound: bool = False,
    value: float = 1.0,
) -> tuple[Leaves, State]:
    r"""Move along the mean gradient at a rate that the loss bounds.

    $$x_t = \frac{x_{t-1} - \eta_t m_t}{1 + \alpha \lambda}$$

    $$\eta_t = \min(\alpha,
    \frac{\max((1 + \alpha \lambda) (\bar f_t - \gamma_t - f_*) + \langle m_t, x_{t-1} \rangle, 0)}{\|m_t\|^2})$$

    $m_t$, $\bar f_t$ and $\gamma_t$ are the running means of $g_t$, of the loss and of $\langle g_t, x_{t-1} \rangle$
    with the decay $\mu$, which begin as the first of each. `value` is the loss, and `lower_bound` is $f_*$.

    Source: Schaipp et al. (2024), algorithm 1.
    """
    b, product = momentum, _product(g, x)
    d = {path: b * old + (1 - b) * g[path] for path, old in state.get("d", g).items()}
    f = b * state.get("f", value) + (1 - b) * value
    p = b * state.get("p", product) + (1 - b) * product
    bound = state.get("bound", lower_bound) if adapt_lower_bound else None
    change, bound = _step(x, d, d, f, p, 1.0, learning_rate, weight_decay or 0.0, lower_bound, bound)
    return change, {"d": d, "f": f, "p": p, "bound": bound}


@whole_tree
def momo_adam(
    g: Leaves,
    state: State,
    t: int,
    x: Leaves,
    *,
    learning_rate: float = 1e-2,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    lower_bound: float = 0.0,
    weight_decay: float | None = None,
    adapt_lower_bound: bool = False,
    value: float = 1.0,
) -> tuple[Leaves, State]:
    r"""Move as `momo` does, along the direction of Adam, $x_t = (x_{t-1} - \eta_t u_t) / (1 + \alpha \lambda)$.

    $$\eta_t = \min(\frac{\alpha}{w_t},
    \frac{\max((1 + \alpha \lambda) (\bar f_t - \gamma_t - w_t f_*) + \langle m_t, x_{t-1} \rangle, 0)}
    {\langle m_t, u_t \rangle})$$

    $u_t = m_t / (\sqrt{\hat v_t} + \epsilon)$ and $w_t = 1 - \beta_1^t$, the weight of the means, which begin at 0.

    Source: Schaipp et al. (2024), algorithm 2.
    """
    zeros = {path: np.zeros_like(leaf) for path, leaf in x.items()}
    d = {path: b1 * old + (1 - b1) * g[path] for path, old in state.get("d", zeros).items()}
    v = {path: np.real(b2 * old) + (1 - b2) * square(g[path]) for path, old in state.get("v", zeros).items()}
    f = b1 * state.get("f", 0.0) + (1 - b1) * value
    p = b1 * state.get("p", 0.0) + (1 - b1) * _product(g, x)
    roots = {path: np.sqrt(v[path] / (1 - b2**t)) + eps for path in x}
    u = {path: np.where(root > 0, d[path] / np.where(root > 0, root, 1.0), 0.0) for path, root in roots.items()}
    bound = state.get("bound", lower_bound) if adapt_lower_bound else None
    change, bound = _step(x, d, u, f, p, 1 - b1**t, learning_rate, weight_decay or 0.0, lower_bound, bound)
    return change, {"d": d, "v": v, "f": f, "p": p, "bound": bound}
