"""References of methods with factored second moments."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def factored_mean(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.999, eps: float = 0.0, min_size: int = 128
) -> Step:
    r"""Estimate a mean by those of its rows and its columns, $V_t = R_t C_t / \operatorname{mean}(R_t)$.

    $R_t = \beta R_{t-1} + (1 - \beta) \operatorname{mean}(g_t + \epsilon)$ has the mean over the largest axis of a
    leaf, and $C_t$ likewise that over the next. A leaf without two axes of at least `min_size` has a mean of its own
    for each element. Source: Shazeer & Stern (2018), algorithm 4.
    """
    new = g + eps
    order = sorted(range(g.ndim), key=lambda axis: g.shape[axis])
    if g.ndim < 2 or g.shape[order[-2]] < min_size:
        v = decay * state.get("v", 0.0) + (1 - decay) * new
        return v, {"v": v}
    rows, columns = (
        decay * state.get(name, 0.0) + (1 - decay) * new.mean(axis=axis, keepdims=True)
        for name, axis in (("R", order[-1]), ("C", order[-2]))
    )
    return divide(rows * columns, rows.mean(axis=order[-2], keepdims=True)), {"R": rows, "C": columns}


def clip_by_rms(g: Array, state: State, t: int, x: Array, *, max_rms: float = 1.0) -> Step:
    r"""Bound the root mean square of a leaf, $d' = g \min(1, c / \operatorname{RMS}(g))$. `max_rms` is $c$.

    Source: Shazeer & Stern (2018), section 6.
    """
    rms = np.sqrt(np.mean(square(g)))
    return g * (max_rms / rms if rms > max_rms else 1.0), {}


def scale_by_param_rms(g: Array, state: State, t: int, x: Array, *, least: float = 1e-3, max_rms: float = 1.0) -> Step:
    r"""Clip by the RMS, and multiply by the size of the leaf.

    $$d' = \max(\epsilon, \operatorname{RMS}(x)) \min(1, \frac{c}{\operatorname{RMS}(g)}) g$$

    `least` is $\epsilon$, and `max_rms` is $c$. Source: Shazeer & Stern (2018), sections 6 and 8.
    """
    return max(least, np.sqrt(np.mean(square(x)))) * clip_by_rms(g, {}, t, x, max_rms=max_rms)[0], {}


def adafactor(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    decay_rate: float = 0.8,
    clipping_threshold: float = 1.0,
    eps: float = 1e-30,
    least_scale: float = 1e-3,
    weight_decay: float = 0.0,
    min_size: int = 128,
) -> Step:
    r"""Divide by a factored root mean square, $d_t = g_t / \sqrt{V_t}$, and step in units of the size of the leaf.

    $$x_t = x_{t-1} - \alpha (\max(\epsilon_2, \operatorname{RMS}(x_{t-1}))
    \min(1, \frac{c}{\operatorname{RMS}(d_t)}) d_t + \lambda x_{t-1})$$

    $V_t$ is the `factored_mean` of $|g_t|^2$ with the decay $1 - t^{-p}$. `decay_rate` is $p$, `least_scale` is
    $\epsilon_2$, and `clipping_threshold` is $c$. Source: Shazeer & Stern (2018), algorithms 4 and 5.
    """
    v, state = factored_mean(square(g), state, t, x, decay=1 - t**-decay_rate, eps=eps, min_size=min_size)
    u, _ = scale_by_param_rms(divide(g, np.sqrt(v)), {}, t, x, least=least_scale, max_rms=clipping_threshold)
    return -learning_rate * (u + weight_decay * x), state
