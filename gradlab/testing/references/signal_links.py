"""References of the links that choose or read a signal: the gradient, the step before, a distance, a curvature."""

from __future__ import annotations

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def gradient(g: Array, state: State, t: int, x: Array) -> Step:
    """Return the gradient, which is the direction of a link that stands alone."""
    return g, {}


def delay(g: Array, state: State, t: int, x: Array, *, first: float | None = None) -> Step:
    """Return the direction of the step before; at the first step `first`, or the direction itself for None."""
    start = g if first is None else np.full_like(g, first)
    return state.get("last", start), {"last": g}


def scale_by_distance(g: Array, state: State, t: int, x: Array, *, power: float = 1.0, distance: float = 0.5) -> Step:
    """Multiply by a power of the distance, $d' = D^p g$.

    `distance` is $D$, the same at all steps, and `power` is $p$.
    """
    return g * distance**power, {}


def scale_by_rates(g: Array, state: State, t: int, x: Array, *, rates: float = 0.5) -> Step:
    """Multiply by rates, which are the same everywhere and at all steps."""
    return g * rates, {}


def hutchinson(g: Array, state: State, t: int, x: Array, *, curvature: float = 1.0) -> Step:
    """Return the diagonal of the Hessian, which is the same everywhere: estimates of a diagonal Hessian are exact."""
    return np.full_like(g, curvature), {}


def gauss_newton_bartlett(
    g: Array, state: State, t: int, x: Array, *, batch_size: float = 1.0, sampled_gradient: float = 0.5
) -> Step:
    r"""Return $B \hat g^2$ for the sampled gradient $\hat g$. `batch_size` is $B$.

    Source: Liu et al. (2023), algorithm 2.
    """
    return np.full_like(g, batch_size * abs(sampled_gradient) ** 2), {}
