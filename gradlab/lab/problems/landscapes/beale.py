"""Beale's function: a flat valley between very steep slopes."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import Landscape
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Beale(PlaneProblem):
    r"""The loss $(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2$.

    Source: Beale (1958); More, Garbow & Hillstrom (1981), problem 5, with its start (1, 1).
    """

    name = "beale"
    summary = "A flat valley between steep slopes: a learning rate that suits the valley diverges on the slopes."
    steps = 300
    landscape = Landscape(window=((-0.5, 4.5), (-1.5, 2.0)), optimum=(3.0, 0.5))
    start = (1.0, 1.0)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
