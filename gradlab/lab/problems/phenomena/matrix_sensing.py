"""Matrix sensing: a matrix of low rank, recovered from random measurements that are ill-conditioned."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..parameters import require_finite, require_sizes


@dataclass(frozen=True)
class MatrixSensing(Problem):
    r"""Recover a matrix $X^*$ of rank `rank` from `measurements` numbers $y_i = \langle A_i, X^* \rangle$.

    $X$ is a `size` by `size` matrix, and nothing tells the optimizer its rank. The loss is half the mean of $(\langle
    A_i, X \rangle - y_i)^2$, over all measurements in each step. $A_i = B G_i C$ with normal deviates $G_i$. The
    eigenvectors of $B$ and $C$ are random, and their eigenvalues fall geometrically from 1 to 1 / $\sqrt\kappa$, where
    $\kappa$ is `condition`. So a step sees some directions of the rows and columns $\kappa$ times as strongly as others
    of them, and no direction is an axis. The singular values of $X^*$ fall from 1 to 0.1. $X$ starts as normal deviates
    of variance 0.1 / `size`. The score is $\|X - X^*\|_F / \|X^*\|_F$.

    The curvature is a Kronecker product, which methods that see $X$ as a matrix can undo, and those that see its
    elements cannot. With rates that fall linearly to zero, the best of 17 from six seeds end at 0.005 (SOAP), 0.013
    (Muon), 0.20 (Shampoo), 0.22 (momentum) and 0.27 (Adam). With constant rates, the steps of Muon do not shrink, and
    they end at 0.015, 0.08, 0.07, 0.13 and 0.14.
    Source: Recht, Fazel & Parrilo (2010) for the task; Gupta, Koren & Singer (2018) for the product.
    """

    name = "matrix_sensing"
    summary = (
        "A matrix from ill-conditioned measurements of it: methods that see matrices beat those that see elements."
    )
    steps = 300
    minimum = 0.0
    score = Score("relative_error", "relative error", tolerance=2.0)

    size: int = 16
    rank: int = 4
    condition: float = 100.0
    measurements: int = 600

    def __post_init__(self) -> None:
        require_sizes(self, "size", "rank", "measurements")
        require_finite(self, "condition", least=1)
        if self.rank > self.size:
            raise ValueError(f"rank must be from 1 to size={self.size}, got {self.rank}")
        if self.measurements < self.size**2:
            raise ValueError(
                f"measurements must be at least {self.size**2}, the number of elements, so that they determine the "
                f"matrix; got {self.measurements}"
            )

    @property
    def optimum(self) -> PyTree:
        """The matrix to recover."""
        return {"matrix": jnp.asarray(_draw_problem(self)[0], jnp.float32)}

    def init(self, key: jax.Array) -> PyTree:
        start = jax.random.normal(key, (self.size, self.size), jnp.float32)
        return {"matrix": math.sqrt(0.1 / self.size) * start}

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        matrix = params["matrix"]
        _, sensors, measured = (jnp.asarray(part, matrix.dtype) for part in _draw_problem(self))
        return jnp.mean((sensors @ matrix.ravel() - measured) ** 2) / 2

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        exact = _draw_problem(self)[0]
        error = params["matrix"] - jnp.asarray(exact, params["matrix"].dtype)
        return {"relative_error": jnp.sqrt(jnp.sum(error**2)) / float(np.sqrt((exact**2).sum()))}


@functools.cache
def _draw_problem(problem: MatrixSensing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the matrix (size, size), the sensors (measurements, size * size) and what they measure."""
    random, size = np.random.default_rng(0), problem.size

    def draw_orthogonal() -> np.ndarray:
        return np.linalg.qr(random.normal(size=(size, size)))[0]

    def draw_filter() -> np.ndarray:
        vectors = draw_orthogonal()
        return vectors * problem.condition ** -np.linspace(0, 0.5, size) @ vectors.T

    left, right = (draw_orthogonal()[:, : problem.rank] for _ in range(2))
    matrix = left * 10 ** -np.linspace(0, 1, problem.rank) @ right.T
    rows, columns = draw_filter(), draw_filter()
    sensors = rows @ random.normal(size=(problem.measurements, size, size)) @ columns
    sensors /= np.sqrt((sensors**2).mean())
    return matrix, sensors.reshape(len(sensors), -1), (sensors * matrix).sum((1, 2))
