"""Rosenbrock's banana: a valley that is easy to find and hard to follow."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import Landscape
from .plane import PlaneProblem


@dataclass(frozen=True)
class Rosenbrock(PlaneProblem):
    r"""The loss $(1 - x)^2 + s (y - x^2)^2$, where $s$ is `steepness`: a ravine that bends.

    Source: Rosenbrock (1960), with its start (-1.2, 1).
    """

    name = "rosenbrock"
    summary = "A curved valley with steep walls: what was learnt about its direction is soon out of date."
    steps = 500
    landscape = Landscape(window=((-2.0, 2.0), (-1.0, 3.0)), optimum=(1.0, 1.0))
    start = (-1.2, 1.0)

    steepness: float = 100.0

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return (1 - x) ** 2 + self.steepness * (y - x**2) ** 2
