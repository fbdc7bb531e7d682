"""The base class of most landscapes: a loss of two parameters that is minimized from a starting point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from ..base import Landscape, Problem, PyTree
from ..parameters import require_finite


@dataclass(frozen=True)
class PlaneProblem(Problem):
    r"""A loss $f(x, y) \ge 0$ that is 0 at its optima.

    Runs start at `start` plus `jitter` times a normal deviate in each coordinate, so that seeds differ. A subclass sets
    `name`, `summary`, `landscape` and `start`, and defines `height`.
    """

    minimum = 0.0
    landscape: ClassVar[Landscape]
    start: ClassVar[tuple[float, float]]

    jitter: float = 0.1

    def __post_init__(self) -> None:
        require_finite(self, "jitter", least=0)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        """Return the loss at a point of the plane, which is at least 0."""
        # A problem writes it as a sum of squares where it can, so that rounding errors cannot make it negative.
        raise NotImplementedError

    @property
    def optimum(self) -> jax.Array:
        """A point of loss zero, an array of shape (2,). The others are in `landscape.further_optima`."""
        return jnp.asarray(self.landscape.optimum, jnp.float32)

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.asarray(self.start, jnp.float32) + self.jitter * jax.random.normal(key, (2,), jnp.float32)

    def loss(self, params: jax.Array, batch: PyTree) -> jax.Array:
        return self.height(params[0], params[1])
