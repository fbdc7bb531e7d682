"""Reddi's counterexample: a convex problem on which Adam converges to the worst point."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import Problem, Score
from ..parameters import require_finite, require_sizes


@dataclass(frozen=True)
class Reddi(Problem):
    r"""The losses $f_t(x) = C x$ for $t \bmod p = 1$ and $-x$ otherwise, for $x$ in [-1, 1], with $C > p - 1$.

    $C$ is `large` and $p$ is `period`. If `stochastic`, each loss is the large one with probability $1 / p$ instead.
    The mean loss increases with $x$, so the best point is -1. Adam divides the rare large gradient by its own size, and
    has forgotten it by the time the small ones come. With $\beta_1 = 0$ and $\beta_2 = 1 / (1 + C^2)$ (`decay`) it
    converges to +1, the worst point, at every learning rate. With momentum, the large gradient has to be rarer, as in
    `Reddi(22.0, 21)` at $\beta_1 = \beta_2 = 0.9$.

    There is no projection onto [-1, 1]. Instead, the loss rises with slope $C$ beyond both ends, so that each loss
    remains convex, the mean is still lowest at -1, and any optimizer can run. The loss is measured relative to the
    best point, $f_t(x) - f_t(-1)$, so that the mean of a learning curve is the average regret.
    Source: Reddi, Kale & Kumar (2018), theorem 1 (and section 5 for the stochastic form).
    """

    name = "reddi"
    summary = "A convex problem on which Adam can converge to the worst point, and AMSGrad converges to the best."
    steps = 1000
    score = Score("distance", "distance to the optimum")
    minimum = 0.0

    large: float = 4.0
    period: int = 3
    stochastic: bool = False

    def __post_init__(self) -> None:
        require_sizes(self, "period", least=2)
        require_finite(self, "large")
        if not self.large > self.period - 1:
            raise ValueError(
                f"large must be above period - 1, which is {self.period - 1}, so that the best point is -1; "
                f"got large={self.large!r} and period={self.period}"
            )

    @property
    def optimum(self) -> jax.Array:
        """The best point, -1."""
        return -jnp.ones((), jnp.float32)

    @property
    def decay(self) -> float:
        r"""The $\beta_2$ for which the theorem is proved."""
        return 1 / (1 + self.large**2)

    def init(self, key: jax.Array) -> jax.Array:
        return jax.random.uniform(key, (), jnp.float32, -0.5, 0.5)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        """Return the slope of each loss."""
        if self.stochastic:
            is_large = jax.random.bernoulli(key, 1 / self.period, (steps,))
        else:
            is_large = jnp.arange(steps) % self.period == 0
        return jnp.where(is_large, jnp.float32(self.large), jnp.float32(-1))

    def loss(self, params: jax.Array, batch: jax.Array | None) -> jax.Array:
        """Return the regret for one slope, or the expected regret if there is no batch."""
        mean = (self.large - self.period + 1) / self.period
        slope = mean if batch is None else batch.astype(params.dtype)
        return slope * (params + 1) + self.large * jnp.maximum(jnp.abs(params) - 1, 0)

    def metrics(self, params: jax.Array) -> dict[str, jax.Array]:
        distance = jnp.clip(params, -1, 1) + 1
        return {"distance": distance, "regret": self.loss(jnp.clip(params, -1, 1), None)}
