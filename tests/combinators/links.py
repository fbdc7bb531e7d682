"""Links, and chains of them written in NumPy, for the tests of chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optax

import gradlab as gl

B1, B2, EPS, RATE = 0.9, 0.999, 1e-8, 0.1


OPTAX_TRACE: Any = optax.trace(0.5)


LINKS: dict[str, Callable[[], Any]] = {
    "clip": lambda: gl.clip_by_global_norm(1.0),
    "momentum": lambda: gl.scale_by_momentum(B1),
    "rms": lambda: gl.scale_by_rms(B2, EPS),
    "scale": lambda: gl.scale(-RATE),
    "recipe": lambda: gl.rmsprop(RATE, momentum=0.5),
    "isolated": lambda: gl.isolate(gl.scale_by_rms(B2)),
    "preconditioned": lambda: gl.precondition(gl.scale_by_rms(0.5)),
    "scheduled": lambda: gl.scale_by_momentum(gl.schedules.nadam_momentum()),
    "optax": lambda: OPTAX_TRACE,
    "nothing": gl.chain,
}


def in_series(*functions: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a chain in NumPy that is split from the start. Each function takes the direction and the gradient."""

    def run(gradients: np.ndarray) -> np.ndarray:
        direction = gradients
        for function in functions:
            direction = function(direction, gradients)
        return direction

    return run


def momentum(d: np.ndarray, g: np.ndarray, b: float = B1) -> np.ndarray:
    m, out = np.zeros_like(d[0]), []
    for row in d:
        m = b * m + (1 - b) * row
        out.append(m)
    return np.stack(out)


def rms(d: np.ndarray, g: np.ndarray, b: float = B2, eps: float = EPS) -> np.ndarray:
    return d / (np.sqrt(momentum(g * g, g, b)) + eps)


def chained(nested: Any) -> Any:
    return gl.chain(*map(chained, nested)) if isinstance(nested, list) else nested
