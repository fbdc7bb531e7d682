"""Burgers' equation, solved by a physics-informed network: the loss is the residual of the equation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense_to_columns, init_dense
from ..parameters import require_finite, require_sizes

_GRID = (32, 8)  # places and times at which the error is measured


@dataclass(frozen=True)
class Burgers(Problem):
    r"""Find $u(x, t)$ with $u_t + u u_x = \nu u_{xx}$, as the output of a network that reads $x$ and $t$.

    Here $x$ is in [-1, 1] and $t$ in [0, 1]. At the start $u = -\sin \pi x$, and at both ends $u = 0$. The network has
    `depth` layers of `width` tanh units. The loss is the mean square of the residual of the equation at `batch_size`
    random points, plus the mean square errors at a quarter as many random points of the start and of the ends. All
    points are new in each step. The score is the error on a grid, relative to the exact solution, in the 2-norm; a
    network that returns zero has 1.

    The loss has second derivatives of the network in it. Its terms compete, and the loss is ill-conditioned: that is
    the known difficulty of such networks. The best of nine learning rates ends at 0.02 (SOAP), 0.04 (Adam), 0.15
    (momentum) and 0.36 (plain descent). With a small $\nu$ (`viscosity`, $0.1 / \pi$ by default, and $0.01 / \pi$ in
    the paper) the solution becomes a steep front at $x = 0$.
    Source: Raissi, Perdikaris & Karniadakis (2019); Wang, Teng & Perdikaris (2021) on the competing terms; the exact
    solution is that of Cole (1951) and Hopf (1950).
    """

    name = "burgers"
    summary = "A physics-informed network solves Burgers' equation: terms that compete make the loss ill-conditioned."
    steps = 600
    score = Score("relative_error", "relative error", tolerance=2.0)

    width: int = 20
    depth: int = 3
    batch_size: int = 128
    viscosity: float = 0.1 / math.pi

    def __post_init__(self) -> None:
        require_sizes(self, "width", "batch_size")
        require_sizes(self, "depth", least=0)
        require_finite(self, "viscosity")
        if self.batch_size < 4:
            raise ValueError(f"batch_size must be at least 4, a point of the start among them, got {self.batch_size}")
        if not self.viscosity >= 0.002:
            raise ValueError(
                f"viscosity must be at least 0.002, as far as the exact solution goes; got {self.viscosity}"
            )

    def init(self, key: jax.Array) -> PyTree:
        widths = [2, *[self.width] * self.depth, 1]
        keys = jax.random.split(key, len(widths) - 1)
        return [init_dense(key, inputs, outputs) for key, inputs, outputs in zip(keys, widths, widths[1:])]

    def compute_solution(self, params: PyTree, x: jax.Array, t: jax.Array) -> jax.Array:
        """Return the network's $u$ at places `x` and times `t`, each an array (points,)."""
        hidden = jnp.stack([x, t])
        for layer in params[:-1]:
            hidden = jnp.tanh(apply_dense_to_columns(layer, hidden))  # (width, points)
        return apply_dense_to_columns(params[-1], hidden)[0]

    def compute_residual(self, params: PyTree, x: jax.Array, t: jax.Array) -> jax.Array:
        r"""Return $u_t + u u_x - \nu u_{xx}$ of the network at points, an array (points,)."""
        ones = jnp.ones_like(x)  # each point has its own derivative, so one tangent serves all

        def differentiate(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            return jax.jvp(lambda x: self.compute_solution(params, x, t), (x,), (ones,))

        (u, u_x), (_, u_xx) = jax.jvp(differentiate, (x,), (ones,))
        _, u_t = jax.jvp(lambda t: self.compute_solution(params, x, t), (t,), (ones,))
        return u_t + u * u_x - self.viscosity * u_xx

    def loss(self, params: PyTree, batch: PyTree) -> jax.Array:
        inside, place, time = (part.astype(params[0]["weight"].dtype) for part in batch)
        residual = self.compute_residual(params, 2 * inside[:, 0] - 1, inside[:, 1])
        x = 2 * place - 1
        start = self.compute_solution(params, x, jnp.zeros_like(x)) + jnp.sin(math.pi * x)
        ends = self.compute_solution(params, jnp.sign(x), time)
        return jnp.mean(residual**2) + jnp.mean(start**2) + jnp.mean(ends**2)

    def batches(self, key: jax.Array, steps: int) -> PyTree:
        keys, few = jax.random.split(key, 3), self.batch_size // 4
        shapes = (steps, self.batch_size, 2), (steps, few), (steps, few)
        return tuple(jax.random.uniform(key, shape, jnp.float32) for key, shape in zip(keys, shapes))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        x, t, exact = (jnp.asarray(part, jnp.float32) for part in self._make_grid())
        error = self.compute_solution(params, x, t) - exact
        return {"relative_error": jnp.sqrt(jnp.sum(error**2) / jnp.sum(exact**2))}

    def _make_grid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places, times = np.linspace(-1, 1, _GRID[0]), np.linspace(1 / _GRID[1], 1, _GRID[1])
        x, t = (part.ravel() for part in np.meshgrid(places, times))
        return x, t, solve_burgers(x, t, self.viscosity)


def solve_burgers(x: np.ndarray, t: np.ndarray, viscosity: float) -> np.ndarray:
    r"""Return the exact solution at places `x` in [-1, 1] and times `t` > 0, arrays (points,), in float64.

    This is a quotient of two means over a normal deviate $\eta$ of variance $2 \nu t$, of $\sin(\pi (x - \eta)) f$ and
    of $f = \exp(-\cos(\pi (x - \eta)) / (2 \pi \nu))$, each by Gauss-Hermite quadrature.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(200)
    y = x[:, None] - nodes * np.sqrt(4 * viscosity * t)[:, None]
    exponents = -np.cos(math.pi * y) / (2 * math.pi * viscosity)
    weights = weights * np.exp(exponents - exponents.max(1, keepdims=True))  # the largest is 1, so none overflows
    return -(weights * np.sin(math.pi * y)).sum(1) / weights.sum(1)
