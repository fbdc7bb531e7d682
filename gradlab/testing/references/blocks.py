"""References of methods with one number for each block of a leaf: the inputs of an output, or the whole leaf."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def _mean_of_rows(g: Array) -> Array:
    """Average over all axes but the last, on which a leaf (..., inputs, outputs) has the outputs; else over all."""
    axes = tuple(range(g.ndim - 1)) if g.ndim > 1 else None
    return np.asarray(g.sum(axis=axes, keepdims=True) / max(g.size // (g.shape[-1] if g.ndim > 1 else 1), 1))


def average_blocks(g: Array, state: State, t: int, x: Array) -> Step:
    """Replace each element by the mean of all weights of its output."""
    return np.broadcast_to(_mean_of_rows(g), g.shape), {}


def block_mean(g: Array, state: State, t: int, x: Array, *, decay: float = 0.999) -> Step:
    r"""Replace each element by the running mean of its output, $d'_t = v_t$.

    $v_t = \beta v_{t-1} + (1 - \beta) \operatorname{mean}(g_t)$, with the mean over the weights of an output.

    Source: Zhang et al. (2024), algorithm 1.
    """
    v = decay * state.get("v", 0.0) + (1 - decay) * _mean_of_rows(g)
    return np.broadcast_to(v, g.shape), {"v": v}


def normalize_blocks(g: Array, state: State, t: int, x: Array, *, eps: float = 0.0) -> Step:
    r"""Divide a leaf by its RMS, $d' = g / (\operatorname{RMS}(g) + \epsilon)$.

    Source: Pethick et al. (2025), algorithm 1.
    """
    return divide(g, np.sqrt(square(g).sum() / max(g.size, 1)) + eps), {}


def adam_mini(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    learning_rate: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> Step:
    r"""Step as AdamW does, with one second moment for each output.

    $$v_t = \beta_2 v_{t-1} + (1 - \beta_2) \operatorname{mean}(|g_t|^2), \quad
    x_t = x_{t-1} - \alpha (\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon} + \lambda x_{t-1})$$

    Source: Zhang et al. (2024), algorithm 1.
    """
    m = b1 * state.get("m", 0.0) + (1 - b1) * g
    v = b2 * state.get("v", 0.0) + (1 - b2) * _mean_of_rows(square(g))
    step = divide(m / (1 - b1**t), np.sqrt(v / (1 - b2**t)) + eps)
    return -learning_rate * (step + weight_decay * x), {"m": m, "v": v}
