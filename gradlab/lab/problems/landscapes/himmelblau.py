"""Himmelblau's function: four minima with the same loss."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import Landscape
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Himmelblau(PlaneProblem):
    r"""The loss $(x^2 + y - 11)^2 + (x + y^2 - 7)^2$, where runs start near the local maximum at (-0.27, -0.92).

    Source: Himmelblau (1972).
    """

    name = "himmelblau"
    summary = "Four equally good minima around a hilltop: the start and the optimizer decide which one is reached."
    steps = 200
    landscape = Landscape(
        window=((-5.0, 5.0), (-5.0, 5.0)),
        optimum=(3.0, 2.0),
        further_optima=((-2.8051181, 3.1313125), (-3.7793103, -3.2831860), (3.5844283, -1.8481265)),
    )
    start = (-0.27, -0.92)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
