"""References of methods with factored second moments."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step, divide, square


def factored_mean(
    g: Array, state: State, t: int, x: Array, *, decay: float = 0.999, eps: float = 0.0, min_size: int = 128
) -> Step:
    """Estimate a mean by those of rows and columns over the two largest axes, R C / mean(R); a small leaf by itself.

    R = b R + (1-b) mean(g + e) over the largest axis, C likewise over the next.
    Source: Shazeer & Stern (2018), algorithm 4.
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
    """Bound the root mean square of a leaf: g min(1, c / RMS(g)). Source: Shazeer & Stern (2018), section 6."""
    rms = np.sqrt(np.mean(square(g)))
    return g * (max_rms / rms if rms > max_rms else 1.0), {}


def scale_by_param_rms(g: Array, state: State, t: int, x: Array, *, least: float = 1e-3, max_rms: float = 1.0) -> Step:
    """Clip by the RMS, and multiply by the size of the leaf: max(e, RMS(x)) g min(1, c / RMS(g)).

    Source: Shazeer & Stern (2018), sections 6 and 8.
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
    """Step by u = g / sqrt(V), clipped by its RMS, in units of the leaf's RMS: x -= a (max(e2, RMS(x)) u + l x).

    V has the decay 1 - t^-p. Source: Shazeer & Stern (2018), algorithms 4 and 5.
    """
    v, state = factored_mean(square(g), state, t, x, decay=1 - t**-decay_rate, eps=eps, min_size=min_size)
    u, _ = scale_by_param_rms(divide(g, np.sqrt(v)), {}, t, x, least=least_scale, max_rms=clipping_threshold)
    return -learning_rate * (u + weight_decay * x), state
