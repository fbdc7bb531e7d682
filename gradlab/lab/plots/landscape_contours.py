"""The contours of a landscape of two parameters, and the points where paths leave its window."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ..problems.base import Problem


def compute_heights(problem: Problem, count: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the two parameters and the loss over the window of a problem, each of shape (count, count)."""
    assert problem.landscape is not None
    (left, right), (bottom, top) = problem.landscape.window
    across, up = np.meshgrid(np.linspace(left, right, count), np.linspace(bottom, top, count))
    points = jnp.asarray(np.stack([across, up], -1).reshape(-1, 2), jnp.float32)
    height = np.asarray(jax.vmap(lambda point: problem.loss(point, None))(points)).reshape(across.shape)
    return across, up, height


def choose_levels(height: np.ndarray, count: int = 14) -> np.ndarray:
    """Return `count` - 1 levels for contour lines, even in the fourth root of the height above the lowest.

    So there are lines near the bottom as well as on the walls.
    """
    low, high = float(height.min()), float(height.max())
    return low + np.linspace(0, (high - low) ** 0.25, count + 1)[1:-1] ** 4


def find_exits(points: np.ndarray, window: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    """Return where a path leaves a window, of shape (exit, 3): the last update inside and the point on the frame.

    `points`, of shape (step, 2), are followed while they are finite; `window` is (left, right), (bottom, top).
    """
    low, high = np.array(window, float).T
    finite = np.isfinite(points).all(1)
    inside = finite & ((points >= low) & (points <= high)).all(1)
    found = []
    for at in np.flatnonzero(inside[:-1] & ~inside[1:] & finite[1:]):
        start, move = points[at].astype(float), points[at + 1].astype(float) - points[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(move > 0, (high - start) / move, np.where(move < 0, (low - start) / move, np.inf))
        found.append([at, *(start + shares.min() * move)])
    return np.array(found).reshape(-1, 3)
