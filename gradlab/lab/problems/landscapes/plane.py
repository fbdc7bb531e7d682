"""What the problems of two parameters share: a point that starts somewhere in the plane and is to reach the bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from ..base import Landscape, Problem, PyTree


@dataclass(frozen=True)
class PlaneProblem(Problem):
    r"""A landscape $f(x, y) \ge 0$ that touches 0 at its optima. Runs start near `start`, each coordinate a normal
    deviate times `jitter` off, so that seeds differ.

    To make one, inherit, set `name`, `summary`, `landscape` and `start`, and write `height`.
    """

    minimum = 0.0
    landscape: ClassVar[Landscape]
    start: ClassVar[tuple[float, float]]

    jitter: float = 0.1

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        """The loss at a point of the plane, written as a sum of squares so that rounding never makes it negative."""
        raise NotImplementedError

    @property
    def optimum(self) -> jax.Array:
        """A point of loss zero, of shape (2,); `landscape.further_optima` has the others."""
        return jnp.asarray(self.landscape.optimum, jnp.float32)

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.asarray(self.start, jnp.float32) + self.jitter * jax.random.normal(key, (2,), jnp.float32)

    def loss(self, params: jax.Array, batch: PyTree) -> jax.Array:
        return self.height(params[0], params[1])
