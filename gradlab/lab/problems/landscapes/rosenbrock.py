"""Rosenbrock's function: a curved valley that is easy to find and hard to follow."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import Landscape
from ..parameters import require_finite
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Rosenbrock(PlaneProblem):
    r"""The loss $(1 - x)^2 + s (y - x^2)^2$, where $s$ is `steepness`: a curved ravine.

    Source: Rosenbrock (1960), with the start (-1.2, 1) of that paper.
    """

    name = "rosenbrock"
    summary = "A curved valley with steep walls: the direction of the valley changes all the way along it."
    steps = 500
    landscape = Landscape(window=((-2.0, 2.0), (-1.0, 3.0)), optimum=(1.0, 1.0))
    start = (-1.2, 1.0)

    steepness: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_finite(self, "steepness", above=0)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return (1 - x) ** 2 + self.steepness * (y - x**2) ** 2
