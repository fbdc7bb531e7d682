"""Scaled layers: a network whose gradients differ by orders of magnitude between layers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, Score
from ..parameters import require_finite, require_sizes, summary_of
from ..real_data.data_splits import measure_held_out

LAYERS = 3


def _round(ratio: float) -> str:
    """Return a ratio to one digit if it is above 10, so that the default is 30 and not 31.6, and to two otherwise."""
    return f"{float(f'{ratio:.{1 if ratio > 10 else 2}g}'):g}"


@dataclass(frozen=True)
class ScaledLayers(Problem):
    r"""Learn the function of a random network $h_i = \tanh(W_i h_{i-1})$, whose last layer is linear.

    The weights that are trained are $V_i$, where $W_i = s_i V_i$. The scales $s_i$ run from $1 / \sqrt r$ to $\sqrt r$,
    where $r$ is `ratio`, and the initial $V_i$ are divided by them. So the network computes the same function for every
    ratio, but the gradients of the last layer are multiplied by $r$ relative to those of the first, and the curvatures
    by $r^2$. The loss is the mean square error on `batch_size` new normal inputs in each step. The validation and test
    losses are each measured on 256 others. The loss can reach 0.
    """

    name = "scaled_layers"
    summary = summary_of(
        lambda problem: (
            f"Three layers whose gradients have the ratio 1 : {_round(problem.ratio**0.5)} : {problem.ratio:g}: "
            "no single learning rate suits all of them."
        )
    )
    steps = 400
    minimum = 0.0
    score = Score("test_loss", "test loss", chosen_by="validation_loss")

    width: int = 8
    ratio: float = 1000.0
    batch_size: int = 64

    def __post_init__(self) -> None:
        require_sizes(self, "width", "batch_size")
        require_finite(self, "ratio", above=0)

    def _layer_scales(self) -> list[float]:
        return (self.ratio ** np.linspace(-0.5, 0.5, LAYERS)).tolist()

    def _target_weights(self) -> np.ndarray:
        return np.random.default_rng(0).normal(0, 1.5 / math.sqrt(self.width), (LAYERS, self.width, self.width))

    @property
    def optimum(self) -> list[jax.Array]:
        """The weights of the network to learn, each divided by the scale of its layer."""
        return [
            jnp.asarray(weight / scale, jnp.float32)
            for weight, scale in zip(self._target_weights(), self._layer_scales())
        ]

    def init(self, key: jax.Array) -> list[jax.Array]:
        weights = jax.random.normal(key, (LAYERS, self.width, self.width), jnp.float32) / math.sqrt(self.width)
        return [weight / scale for weight, scale in zip(weights, self._layer_scales())]

    def loss(self, params: list[jax.Array], batch: jax.Array) -> jax.Array:
        dtype = params[0].dtype
        inputs = batch.astype(dtype)
        outputs = _apply_layers([weight * scale for weight, scale in zip(params, self._layer_scales())], inputs)
        targets = _apply_layers([jnp.asarray(weight, dtype) for weight in self._target_weights()], inputs)
        return jnp.mean((outputs - targets) ** 2)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return jax.random.normal(key, (steps, self.batch_size, self.width), jnp.float32)

    def metrics(self, params: list[jax.Array]) -> dict[str, jax.Array]:
        test, validation = (np.random.default_rng(seed).normal(size=(256, self.width)) for seed in (1, 2))
        return measure_held_out(
            lambda inputs: {"loss": self.loss(params, jnp.asarray(inputs, jnp.float32))}, validation, test
        )


def _apply_layers(weights: list[jax.Array], hidden: jax.Array) -> jax.Array:
    for weight in weights[:-1]:
        hidden = jnp.tanh(hidden @ weight)
    return hidden @ weights[-1]
