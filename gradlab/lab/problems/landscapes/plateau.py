"""The plateau: a plain with almost no slope around a basin."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import Landscape
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Plateau(PlaneProblem):
    r"""The loss $1 - e^{-(x^2 + y^2) / 2}$: a basin of width 1 and curvature 1 in a plain.

    Runs start at a distance of 4.5, where the gradient points to the basin but has a norm of only 0.0002. Methods whose
    steps are proportional to the gradient hardly move there. Methods that divide by its size do.
    """

    name = "plateau"
    summary = "A wide plain around a basin: gradients point to the basin, but on the plain they are almost zero."
    steps = 300
    landscape = Landscape(window=((-5.0, 2.0), (-3.0, 3.0)), optimum=(0.0, 0.0))
    start = (-4.1, 1.85)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return -jnp.expm1(-(x**2 + y**2) / 2)
