"""The ravine: a quadratic bowl that is much steeper one way than the other."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Landscape, Problem, PyTree, Score


@dataclass(frozen=True)
class Ravine(Problem):
    r"""The loss $\frac12 (x - x^*)^T H (x - x^*)$, with the curvatures of $H$ in the ratio `steepness` : 1.

    The ravine runs at `angle` degrees to the first axis: along an axis, per-parameter rates would undo it entirely.
    Runs start near one point on its wall, `jitter` (the standard deviation of each coordinate) apart between seeds.
    """

    name = "ravine"
    summary = "A valley 50 times steeper across than along: plain descent zigzags, momentum runs down it."
    steps = 200
    score = Score("final_loss", "loss", tolerance=10.0)
    landscape = Landscape(window=((-4.2, 3.2), (-2.6, 2.6)), optimum=(1.0, 0.5))
    minimum = 0.0

    steepness: float = 50.0
    angle: float = 30.0
    jitter: float = 0.1

    @property
    def optimum(self) -> jax.Array:
        """The point of loss zero, of shape (2,); off the origin, so that weight decay gains nothing by itself."""
        return jnp.asarray(self.landscape.optimum, jnp.float32)

    def _directions(self) -> np.ndarray:
        turn = np.radians(self.angle)
        return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # columns: along, across

    def init(self, key: jax.Array) -> jax.Array:
        start = jnp.asarray(self._directions() @ np.array([-4.0, 1.0]), jnp.float32) + self.optimum
        return start + self.jitter * jax.random.normal(key, (2,), jnp.float32)

    def loss(self, params: jax.Array, batch: PyTree) -> jax.Array:
        directions = self._directions()
        curvature = directions @ np.diag([1.0, self.steepness]) @ directions.T
        offset = params - self.optimum.astype(params.dtype)
        return 0.5 * offset @ (jnp.asarray(curvature, params.dtype) @ offset)
