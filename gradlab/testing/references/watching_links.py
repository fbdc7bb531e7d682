"""References of the links that watch a run: a probe, and the reduction of the rate on a plateau of the loss."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def probe(g: Array, state: State, t: int, x: Array) -> Step:
    """Change nothing."""
    return g, {}


def reduce_on_plateau(
    g: Array,
    state: State,
    t: int,
    x: Array,
    *,
    factor: float = 0.1,
    patience: float = 10,
    rtol: float = 1e-4,
    atol: float = 0.0,
    cooldown: float = 0,
    accumulation_size: float = 1,
    min_scale: float = 0.0,
    value: float = 1.0,
) -> Step:
    """Multiply by a scale, which is lowered when `value` has failed to improve several times in a row.

    Source: PyTorch's ReduceLROnPlateau, `torch/optim/lr_scheduler.py`, without its bound to changes of the rate.
    """
    scale, best, bad, rest, values = state.get("plateau", (1.0, np.inf, 0, 0, ()))
    values = (*values, value)
    if len(values) >= accumulation_size:
        mean, values = sum(values) / len(values), ()
        improves = mean < best * (1 - rtol) - atol
        best = mean if improves else best
        bad = 0 if improves or rest > 0 else bad + 1
        rest = max(rest - 1, 0)
        if bad >= patience:
            scale, bad, rest = max(factor * scale, min_scale), 0, cooldown
    return scale * g, {"plateau": (scale, best, bad, rest, values)}
