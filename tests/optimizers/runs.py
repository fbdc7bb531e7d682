"""Gradient sequences, and runs on them, that the tests of all recipes share.

The sequences tell look-alikes apart: eps inside or outside a root, before or after a correction; counts that are off by
one; a maximum of the raw or the corrected moment; a rate inside or outside of the momentum buffer.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

STEPS, SIZE = 60, 5
RATE = 0.1


def sequences() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((STEPS, SIZE)) + 0.3
    sparse = dense * (rng.random(dense.shape) < 0.2)
    sparse[0] = 0.0
    sparse[:, 0] = 0.0  # one that is never moved
    sparse[:7, 1], sparse[7, 1] = 0.0, 1.0
    flipping = np.abs(dense) * np.where(np.arange(STEPS) % 2, 1.0, -1.0)[:, None]
    bursts = dense * np.where(np.arange(STEPS) % 20 == 3, 100.0, 0.01)[:, None]
    return {
        "dense": dense,
        "small": 1e-4 * dense,
        "tiny": 1e-12 * dense,
        "sparse": sparse,
        "flipping": flipping,
        "bursts": bursts,
    }


SEQUENCES = sequences()
DECAYING = gl.schedules.cosine(RATE, STEPS, alpha=0.1)


def run(tx: Any, start: Any, gradients: Any) -> Any:
    """All points of a run, [steps + 1, ...]."""

    signals = tx.core.reads() if isinstance(tx, gl.Transformation) else ()
    known = {"value": 1.0, "gradient_fn": lambda params: params}  # that of a bowl, whose curvature is 1
    extra = {name: signal for name, signal in known.items() if name in signals}

    def step(carry: Any, gradient: Any) -> Any:
        params, state = carry
        updates, state = tx.update(gradient, state, params, **extra)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    visited = jax.lax.scan(step, (start, tx.init(start)), gradients)[1]
    return jnp.concatenate([start[None], visited])


points = jax.jit(run)  # one program a recipe, as everything in it is an argument


def assert_same_path(got: Any, expected: np.ndarray, tolerance: float = 1e-12) -> None:
    """Each coordinate stays within a share of the distance that it travels."""
    distance = np.abs(np.diff(expected, axis=0)).sum(axis=0)
    assert distance.max() > 0
    gap = np.abs(np.asarray(got) - expected).max(axis=0)
    assert np.all(gap <= tolerance * distance), f"gap {gap} over the distance {distance}"
