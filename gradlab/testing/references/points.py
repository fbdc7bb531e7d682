"""References of Nesterov's momentum and of Schedule-Free optimizers, whose gradients are taken at other points."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, square


def nag(g: Array, state: State, t: int, x: Array, *, learning_rate: float = 1e-2, momentum: float = 0.9) -> Step:
    r"""Move with a velocity, $v_t = \mu v_{t-1} - \alpha g_t$, $x_t = x_{t-1} + v_t$, with the gradient at $x + \mu v$.

    `momentum` is $\mu$ and `learning_rate` is $\alpha$.

    Source: Nesterov (1983) as in Sutskever et al. (2013), equations 3 and 4.
    """
    return nesterov_momentum(-learning_rate * g, state, t, x, decay=momentum)


def nesterov_momentum(g: Array, state: State, t: int, x: Array, *, decay: float = 0.9) -> Step:
    r"""Return the velocity $v_t = \mu v_{t-1} + g_t$. `decay` is $\mu$. Source: Sutskever et al. (2013), equation 3."""
    v = decay * state.get("v", 0.0) + g
    return v, {"v": v}


def schedule_free_sgd(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 1.0,
    b1: float = 0.9,
    weight_decay: float = 0.0,
    weight_lr_power: float = 2.0,
    weight_power: float = 0.0,
    store_average: bool = False,
) -> Step:
    r"""Move the point $y_t = \beta x_t + (1 - \beta) z_t$, with $z_t = z_{t-1} - \alpha (g_t + \lambda y_{t-1})$.

    $x_t$ is the mean of all $z$ so far, weighted by $t^r$ times the power $p$ of the largest rate so far. `b1` is
    $\beta$, `learning_rate` is $\alpha$, `weight_decay` is $\lambda$, `weight_power` is $r$, and `weight_lr_power` is
    $p$.

    In exact arithmetic, `store_average` changes nothing. Source: Defazio et al. (2024), algorithm 1.
    """
    return _move(g + weight_decay * x, state, t, learning_rate, b1, weight_lr_power, weight_power)


def schedule_free_adamw(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float = 2.5e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    weight_lr_power: float = 2.0,
    weight_power: float = 0.0,
    store_average: bool = False,
) -> Step:
    r"""Move as `schedule_free_sgd` does, with $g_t / (\sqrt{v_t / (1 - \beta_2^t)} + \epsilon)$ in the place of $g_t$.

    $v_t$ is the mean of squared gradients with the decay `b2`, which is $\beta_2$.

    Source: Defazio et al. (2024), algorithm 1.
    """
    v = b2 * state.get("v", 0.0) + (1 - b2) * square(g)
    scaled = g / (np.sqrt(v / (1 - b2**t)) + eps)
    change, state = _move(scaled + weight_decay * x, state, t, learning_rate, b1, weight_lr_power, weight_power)
    return change, {**state, "v": v}


def _move(d: Array, state: State, t: int, a: float, b: float, p: float, r: float) -> Step:
    """Return the change of y = b x + (1-b) z, where z -= a d, and x is the weighted mean of all z so far.

    The weight is t^r times the power p of the largest rate so far. All points are measured from the first one, so that
    small steps are not lost.
    """
    largest = max(state.get("largest", 0.0), a)
    weight = t**r * largest**p
    z = state.get("z", 0.0) - a * d
    weights, total = state.get("weights", 0.0) + weight, state.get("total", 0.0) + weight * z
    x = total / weights if weights else np.zeros_like(z)
    before, y = state.get("y", 0.0), b * x + (1 - b) * z
    state = {"z": z, "y": y, "largest": largest, "weights": weights, "total": total}
    return y - before, state
