"""The double well: a shallow local minimum in front of the global one."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import Landscape
from ..parameters import require_finite
from .two_parameter_problem import PlaneProblem


@dataclass(frozen=True)
class DoubleWell(PlaneProblem):
    r"""The loss $x^4 - \frac{4b}{3} x^3 - 2 x^2 + 4 b x + 1 + \frac{8b}{3} + 10 y^2$, whose slope in $x$ is
    $4 (x^2 - 1) (x - b)$.

    $b$ in [0, 1) is `barrier`, the position of the ridge between a local minimum at (1, 0), of loss $16 b / 3$, and the
    global minimum at (-1, 0). Runs start on the outer wall of the local minimum. The steep term in $y$ limits the
    learning rates at which plain gradient descent is stable, so that it cannot jump over the ridge.
    """

    name = "double_well"
    summary = "A shallow minimum before a deeper one: plain descent stays in it, and momentum can roll on."
    steps = 200
    landscape = Landscape(window=((-2.2, 2.4), (-1.5, 1.5)), optimum=(-1.0, 0.0))
    start = (1.6, 0.5)

    barrier: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        require_finite(self, "barrier", least=0)
        if self.barrier >= 1:
            raise ValueError(f"barrier must be below 1, where the local minimum is, got {self.barrier!r}")

    def height(self, x: jax.Array, y: jax.Array) -> jax.Array:
        b = self.barrier
        center = 1 + 2 * b / 3
        return (x + 1) ** 2 * ((x - center) ** 2 + 4 * b * (3 - b) / 9) + 10 * y**2
