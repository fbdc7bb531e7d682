"""The heights of a landscape of two parameters, and the levels to draw its contour lines at."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ..problems.base import Problem


def heights(problem: Problem, count: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first and second parameter and the loss, each of shape (count, count), over the problem's window."""
    assert problem.landscape is not None
    (left, right), (bottom, top) = problem.landscape.window
    across, up = np.meshgrid(np.linspace(left, right, count), np.linspace(bottom, top, count))
    points = jnp.asarray(np.stack([across, up], -1).reshape(-1, 2), jnp.float32)
    height = np.asarray(jax.vmap(lambda point: problem.loss(point, None))(points)).reshape(across.shape)
    return across, up, height


def levels(height: np.ndarray, count: int = 14) -> np.ndarray:
    """Even steps of the fourth root of the height above the lowest: rings near the bottom as well as on the walls."""
    low, high = float(height.min()), float(height.max())
    return low + np.linspace(0, (high - low) ** 0.25, count + 1)[1:-1] ** 4
