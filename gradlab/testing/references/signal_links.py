"""References of the links that choose a signal: the gradient of the chain, and the direction of the step before."""

import numpy as np

from gradlab.testing.references._arithmetic import Array, State, Step


def gradient(g: Array, state: State, t: int, x: Array) -> Step:
    """Return the gradient, which is the direction of a link that stands alone."""
    return g, {}


def delay(g: Array, state: State, t: int, x: Array, *, first: float | None = None) -> Step:
    """Return the direction of the step before; at the first step `first`, or the direction itself for None."""
    start = g if first is None else np.full_like(g, first)
    return state.get("last", start), {"last": g}
