"""The ravine: a quadratic bowl that is much steeper in one direction than in the other."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Landscape, Problem, PyTree, Score
from ..parameters import require_finite, summary_of


@dataclass(frozen=True)
class Ravine(Problem):
    r"""The loss $\frac12 (x - x^*)^T H (x - x^*)$, where the eigenvalues of $H$ have the ratio `steepness` : 1.

    The ravine runs at `angle` degrees to the first axis. (Along an axis, a learning rate for each parameter would
    remove the difficulty.) Runs start near one point on its wall; `jitter` is the standard deviation of each coordinate
    between seeds.
    """

    name = "ravine"
    summary = summary_of(
        lambda problem: (
            f"A valley {problem.steepness:g} times steeper across than along: plain gradient descent zigzags, "
            "and momentum speeds it up."
        )
    )
    steps = 200
    score = Score("final_loss", "loss", tolerance=10.0)
    landscape = Landscape(window=((-4.2, 3.2), (-2.6, 2.6)), optimum=(1.0, 0.5))
    minimum = 0.0

    steepness: float = 50.0
    angle: float = 30.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        require_finite(self, "steepness", above=0)
        require_finite(self, "angle")
        require_finite(self, "jitter", least=0)

    @property
    def optimum(self) -> jax.Array:
        """The point of loss zero, of shape (2,). It is not the origin, to which weight decay alone would lead."""
        return jnp.asarray(self.landscape.optimum, jnp.float32)

    def _eigenvectors(self) -> np.ndarray:
        turn = np.radians(self.angle)
        return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # columns: along, across

    def init(self, key: jax.Array) -> jax.Array:
        start = jnp.asarray(self._eigenvectors() @ np.array([-4.0, 1.0]), jnp.float32) + self.optimum
        return start + self.jitter * jax.random.normal(key, (2,), jnp.float32)

    def loss(self, params: jax.Array, batch: PyTree) -> jax.Array:
        eigenvectors = self._eigenvectors()
        hessian = eigenvectors @ np.diag([1.0, self.steepness]) @ eigenvectors.T
        offset = params - self.optimum.astype(params.dtype)
        return 0.5 * offset @ (jnp.asarray(hessian, params.dtype) @ offset)
