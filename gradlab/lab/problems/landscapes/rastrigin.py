"""Rastrigin's function: a bowl full of local minima."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import Landscape
from ..parameters import require_finite
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Rastrigin(PlaneProblem):
    r"""The loss $x^2 + a (1 - \cos 2 \pi x) + y^2 + a (1 - \cos 2 \pi y)$, where $a$ is `amplitude`.

    There is a local minimum near each point with integer coordinates. The one at (0, 0) is the global minimum.
    Source: Rastrigin (1974).
    """

    name = "rastrigin"
    summary = "A bowl full of local minima: an optimizer needs momentum or long first steps to leave them."
    steps = 200
    landscape = Landscape(window=((-4.6, 4.6), (-4.6, 4.6)), optimum=(0.0, 0.0))
    start = (3.3, 2.4)

    amplitude: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_finite(self, "amplitude", least=0)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        ripples = jnp.sin(jnp.pi * x) ** 2 + jnp.sin(jnp.pi * y) ** 2  # 1 - cos 2a = 2 sin^2 a
        return x**2 + y**2 + 2 * self.amplitude * ripples
