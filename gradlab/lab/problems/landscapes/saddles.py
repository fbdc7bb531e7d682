"""Saddle points: the gradient is zero there, but the loss is not at a minimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax

from ..base import Landscape
from ..parameters import require_finite
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class Saddle(PlaneProblem):
    r"""The loss $x^2 + s (1 - y^2 + y^4 / 4)$: down along a ridge to the saddle at (0, 0), then sideways to a minimum.

    $s$ is `descent`. The curvature is 2 along the ridge and $-2 s$ across it. So, at learning rates at which plain
    gradient descent is stable, each step multiplies the distance from the ridge, `jitter` at the start, by at most
    $1 + 2 s$. Source: Dauphin et al. (2014), who argue that such points slow down descent in high dimensions.
    """

    name = "saddle"
    summary = "A ridge that leads to a saddle point, where plain descent stalls and momentum or adaptive rates help."
    steps = 300
    landscape = Landscape(
        window=((-1.5, 1.5), (-2.0, 2.0)), optimum=(0.0, math.sqrt(2.0)), further_optima=((0.0, -math.sqrt(2.0)),)
    )
    start = (1.0, 0.0)

    jitter: float = 1e-4
    descent: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require_finite(self, "descent", above=0)

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        return x**2 + self.descent * (y**2 - 2) ** 2 / 4


@dataclass(frozen=True)
class MonkeySaddle(PlaneProblem):
    r"""The loss $|z^3 + 1|^2 / 2 = 1/2 + x^3 - 3 x y^2 + (x^2 + y^2)^3 / 2$ of $z = x + iy$.

    At (0, 0) the gradient and the curvature are both zero, and near it the gradient is proportional to the square of
    the distance. Gradient descent approaches it only as $1/t$, and leaves it as slowly. The minima are the three cube
    roots of -1. Source: Hilbert & Cohn-Vossen (1932) for the surface.
    """

    name = "monkey_saddle"
    summary = "A saddle point without curvature, between three valleys: descent slows down near it."
    steps = 200
    landscape = Landscape(
        window=((-1.4, 1.4), (-1.4, 1.4)),
        optimum=(-1.0, 0.0),
        further_optima=((0.5, math.sqrt(0.75)), (0.5, -math.sqrt(0.75))),
    )
    start = (0.7, 0.0)

    jitter: float = 1e-5

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        real, imaginary = x**3 - 3 * x * y**2, 3 * x**2 * y - y**3  # of z^3
        return ((real + 1) ** 2 + imaginary**2) / 2
