"""Quadratics of any dimension and condition number, with and without gradient noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree
from ..parameters import require_finite, require_sizes, summary_of


@functools.cache
def draw_rotation(dimension: int) -> np.ndarray:
    """Draw an orthogonal matrix (dimension, dimension) from the uniform distribution, with a fixed seed."""
    basis, triangle = np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, dimension)))
    return basis * np.sign(np.diag(triangle))


@dataclass(frozen=True)
class Quadratic(Problem):
    r"""The loss $\frac12 (x - x^*)^T H (x - x^*) + \sigma z_t \cdot (x - x^*)$, with new noise $z_t$ in each batch.

    The eigenvalues of $H$ run from 1 down to 1 / `condition_number`, evenly in their logarithm. If `rotated`, a fixed
    rotation turns the eigenvectors away from the axes. The noise of the gradient is $\sigma$ (`noise`) times $z_t$:
    independent normal deviates, or, if `degrees_of_freedom` is given, deviates of Student's t. (With 2 degrees or fewer
    these have no finite variance, and stand for gradients with outliers.) All coordinates of $x^*$ are 1, and runs
    start a normal deviate from it. The score is the loss without noise.
    Source: the noisy quadratic model of Schaul et al. (2013) and Zhang et al. (2019).
    """

    name = "quadratic"
    summary = summary_of(
        lambda problem: (
            f"A quadratic bowl with condition number {problem.condition_number:g}: theory says exactly how fast many "
            "optimizers converge."
        )
    )
    steps = 300
    minimum = 0.0

    dimension: int = 20
    condition_number: float = 100.0
    noise: float = 0.0
    degrees_of_freedom: float | None = None
    rotated: bool = True

    def __post_init__(self) -> None:
        require_sizes(self, "dimension")
        require_finite(self, "condition_number", least=1)
        require_finite(self, "noise", least=0)
        if self.degrees_of_freedom is not None:
            require_finite(self, "degrees_of_freedom", above=0)

    @property
    def optimum(self) -> jax.Array:
        """The point of loss zero. It is not the origin, to which weight decay alone would lead."""
        return jnp.ones(self.dimension, jnp.float32)

    @property
    def curvatures(self) -> np.ndarray:
        """The eigenvalues of the Hessian, largest first."""
        return np.logspace(0, -np.log10(self.condition_number), self.dimension)

    def init(self, key: jax.Array) -> jax.Array:
        return self.optimum + jax.random.normal(key, (self.dimension,), jnp.float32)

    def loss(self, params: jax.Array, batch: jax.Array | None) -> jax.Array:
        offset = params - self.optimum.astype(params.dtype)
        along = offset @ jnp.asarray(draw_rotation(self.dimension), params.dtype) if self.rotated else offset
        exact = 0.5 * jnp.sum(jnp.asarray(self.curvatures, params.dtype) * along**2)
        return exact if batch is None else exact + self.noise * batch.astype(params.dtype) @ offset

    def batches(self, key: jax.Array, steps: int) -> PyTree:
        if not self.noise:
            return None
        shape = (steps, self.dimension)
        if self.degrees_of_freedom is None:
            return jax.random.normal(key, shape, jnp.float32)
        return jax.random.t(key, self.degrees_of_freedom, shape, jnp.float32)


@dataclass(frozen=True)
class NoisyQuadratic(Quadratic):
    """`Quadratic` with noisy gradients. At a constant learning rate, the score is due to the noise in the steps."""

    name = "noisy_quadratic"
    summary = "The quadratic bowl with noisy gradients: only a learning rate that decreases gets below a floor."

    noise: float = 0.1
