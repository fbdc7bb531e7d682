"""The runner that turns a reference step into a trajectory."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradlab.testing.references._arithmetic import Array, State, Step


def trajectory(
    step: Callable[..., Step],
    x0: ArrayLike,
    gradients: ArrayLike | Callable[[Array], ArrayLike],
    *,
    steps: int | None = None,
    **hyperparameters: Any,
) -> Array:
    """Return the points x_t = x_{t-1} + change_t that `step` visits, [steps+1, *x0.shape].

    `step` is a reference. `gradients` is an array [steps, *x0.shape], or a function of x, which
    needs the number of `steps`. A hyperparameter that is callable is a schedule: at step t it is
    evaluated at t-1, so that it starts at 0. All is float64, or complex128 if anything is complex.

    Raises ValueError if `steps` is missing for a function or contradicts an array, and if a
    gradient does not have the shape of `x0`.
    """
    x = _double(x0)
    sources: list[Any]  # of the gradient of each step: a function of x, or the gradient itself
    if callable(gradients):
        if steps is None:
            raise ValueError("got a function as gradients but no `steps`; please pass steps=100")
        sources = [gradients] * steps
    else:
        sources = list(np.atleast_1d(_double(gradients)))
        if steps not in (None, len(sources)):
            raise ValueError(f"got steps={steps}, {len(sources)} gradients; please omit `steps`")
    points: list[Array] = [x]
    state: State = {}
    for t, source in enumerate(sources, start=1):
        g = _double(source(x) if callable(source) else source)
        if g.shape != x.shape:
            raise ValueError(f"got a gradient of shape {g.shape}, expected x0's shape {x.shape}")
        now = {k: float(h(t - 1)) if callable(h) else h for k, h in hyperparameters.items()}
        change, state = step(g, state, t, x, **now)
        x = x + change
        points.append(x)
    return np.stack(points)


def _double(a: ArrayLike) -> Array:
    return np.asarray(a, np.complex128 if np.iscomplexobj(a) else np.float64)
