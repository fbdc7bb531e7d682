"""Matrix factorization: a matrix of low rank, learned as a product of two smaller ones."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree
from ..parameters import require_finite, require_sizes


@dataclass(frozen=True)
class MatrixFactorization(Problem):
    r"""The mean square of $L R^T - A$ over the entries of a matrix $A$ of `rows` by `columns` and of rank `rank`.

    $L$ and $R$ start as normal deviates times `start_scale`. Zero is a saddle point, and so is each product that has
    only some of $A$'s singular vectors. The loss therefore falls in stairs, one for each singular vector. All minima
    are global. There are infinitely many, because $L M$ and $R M^{-T}$ have the same product.
    Source: Baldi & Hornik (1989); Ge, Jin & Zheng (2017).
    """

    name = "matrix_factorization"
    summary = "A matrix learned as a product of two smaller ones: not convex, with saddle points, but no bad minimum."
    steps = 300
    minimum = 0.0

    rows: int = 20
    columns: int = 15
    rank: int = 3
    start_scale: float = 0.03

    def __post_init__(self) -> None:
        require_sizes(self, "rows", "columns", "rank")
        require_finite(self, "start_scale", above=0)
        if self.rank > min(self.rows, self.columns):
            raise ValueError(
                f"rank must be at most {min(self.rows, self.columns)}, the smaller of rows={self.rows} and "
                f"columns={self.columns}; got {self.rank}"
            )

    def _draw_factors(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(0)
        strengths = 2.0 ** -np.arange(self.rank)  # of the singular vectors, so that they are learned one by one
        left, right = random.normal(size=(self.rows, self.rank)), random.normal(size=(self.columns, self.rank))
        return left * np.sqrt(strengths), right * np.sqrt(strengths)

    @property
    def optimum(self) -> PyTree:
        """One of the minima, which all have loss zero."""
        left, right = self._draw_factors()
        return {"left": jnp.asarray(left, jnp.float32), "right": jnp.asarray(right, jnp.float32)}

    def init(self, key: jax.Array) -> PyTree:
        left, right = jax.random.split(key)
        return {
            "left": self.start_scale * jax.random.normal(left, (self.rows, self.rank), jnp.float32),
            "right": self.start_scale * jax.random.normal(right, (self.columns, self.rank), jnp.float32),
        }

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        left, right = self._draw_factors()
        product = params["left"] @ params["right"].T  # (rows, columns)
        return jnp.mean((product - jnp.asarray(left @ right.T, product.dtype)) ** 2)
