"""Quadratics of any dimension and condition number, with and without gradient noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree


@functools.cache
def draw_rotation(dimension: int) -> np.ndarray:
    """A fixed orthogonal matrix, (dimension, dimension), uniformly distributed over all."""
    basis, triangle = np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, dimension)))
    return basis * np.sign(np.diag(triangle))


@dataclass(frozen=True)
class Quadratic(Problem):
    r"""The loss $\frac12 (x - x^*)^T H (x - x^*) + \sigma z_t \cdot (x - x^*)$, with a new noise $z_t$ in each batch.

    The eigenvalues of $H$ run from 1 down to 1 / `condition_number`, evenly in their logarithm, along directions that
    a fixed rotation takes off the axes (`rotated`). The gradient's noise is $\sigma$ (`noise`) times $z_t$: independent
    normal deviates, or Student's t with `degrees_of_freedom` where that is given (2 or less: without a variance, for
    gradients with outliers). $x^*$ has all coordinates 1, and runs start a normal deviate from it. The score is
    the loss without noise. Source: the noisy quadratic model of Schaul et al. (2013) and Zhang et al. (2019).
    """

    name = "quadratic"
    summary = "A bowl of 20 dimensions and condition number 100: how fast a method is where its rate is known exactly."
    steps = 300
    minimum = 0.0

    dimension: int = 20
    condition_number: float = 100.0
    noise: float = 0.0
    degrees_of_freedom: float | None = None
    rotated: bool = True

    @property
    def optimum(self) -> jax.Array:
        """The point of loss zero; off the origin, so that weight decay gains nothing by itself."""
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
    """`Quadratic` with gradient noise: its score at a constant rate is the noise that the method lets through."""

    name = "noisy_quadratic"
    summary = "The same bowl seen through noise: a constant rate ends at a floor, and a falling one goes below it."

    noise: float = 0.1
