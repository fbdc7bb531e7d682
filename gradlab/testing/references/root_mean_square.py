"""References of the optimizers that divide by a root mean square: Adagrad, Adadelta, RMSProp."""

from __future__ import annotations

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
    r"""Divide by the root of the sum of squares, $x_t = x_{t-1} - \alpha g_t / (\sqrt{s_t} + \epsilon)$.

    $s_t = s_{t-1} + |g_t|^2$, and `initial_accumulator` is $s_0$. Source: Duchi et al. (2011), the diagonal form.
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
    r"""Give the update the unit of the parameters, $x_t = x_{t-1} - \alpha d_t$.

    $$d_t = \frac{\sqrt{w_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}} g_t, \quad
    v_t = \rho v_{t-1} + (1 - \rho) |g_t|^2, \quad w_t = \rho w_{t-1} + (1 - \rho) |d_t|^2$$

    `rho` is $\rho$, and $w_t$ does not see the rate. With a weight decay, $g_t + \lambda x_{t-1}$ takes the place of
    $g_t$. Source: Zeiler (2012), Algorithm 1, where $\alpha = 1$.
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
    r"""Divide by the root mean square, $x_t = x_{t-1} - \alpha d_t$ with $d_t = g_t / (\sqrt{v_t} + \epsilon)$.

    $v_t = \beta v_{t-1} + (1 - \beta) |g_t|^2$, and `initial_scale` is $v_0$ (None: 0). `centered` takes
    $v_t - |\bar g_t|^2$, at least 0, in the place of $v_t$, with the running mean $\bar g_t$ of the gradients.
    `eps_in_sqrt` divides by $\sqrt{v_t + \epsilon}$. `bias_correction` divides $v_t$ and $\bar g_t$ by $1 - \beta^t$.

    With `momentum`, $b_t = \mu b_{t-1} + d_t$ and $x_t = x_{t-1} - \alpha b_t$, or with `nesterov`
    $x_t = x_{t-1} - \alpha (d_t + \mu b_t)$; the rate is outside the buffer.

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
