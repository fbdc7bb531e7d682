"""The plateau: almost no slope, and then a basin."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import Landscape
from .plane import PlaneProblem


@dataclass(frozen=True)
class Plateau(PlaneProblem):
    r"""The loss $1 - e^{-(x^2 + y^2) / 2}$: a basin of unit width and curvature in a plain.

    At the start, four and a half widths away, the slope is 0.0002, but its direction is right: a method that
    measures steps by the gradient's size crawls, and one that divides it out walks.
    """

    name = "plateau"
    summary = "A plain with a basin in it: the gradient says where to go, and its size says nothing."
    steps = 300
    landscape = Landscape(window=((-5.0, 2.0), (-3.0, 3.0)), optimum=(0.0, 0.0))
    start = (-4.1, 1.85)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return -jnp.expm1(-(x**2 + y**2) / 2)
