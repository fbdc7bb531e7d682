"""The exploding RNN: a recurrent network whose gradients grow with each step back in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense, init_dense
from ..parameters import require_finite, require_sizes
from ..real_data.data_splits import measure_held_out


@dataclass(frozen=True)
class ExplodingRnn(Problem):
    r"""The adding problem: predict the sum of two marked numbers among `length` random numbers in [0, 1].

    The network is $h_t = \max(0, W h_{t-1} + U x_t + b)$ with a linear output from $h_T$, and the loss is the mean
    square error. $W$ starts as normal deviates of variance $g^2$ / `hidden`. With a gain $g$ (`gain`) above $\sqrt 2$,
    the states and the gradients grow as $(g / \sqrt 2)^t$, and differ by orders of magnitude between seeds. The
    validation and test losses are each measured on 256 other series. A constant prediction of the mean, 1, has a loss
    of 1/6.
    Source: Hochreiter & Schmidhuber (1997); Pascanu, Mikolov & Bengio (2013).
    """

    name = "exploding_rnn"
    summary = "A recurrent network whose gradients explode: plain descent diverges, unless the gradient is clipped."
    steps = 300
    minimum = 0.0
    score = Score("test_loss", "test loss", chosen_by="validation_loss")

    length: int = 20
    hidden: int = 16
    gain: float = 1.6
    batch_size: int = 32

    def __post_init__(self) -> None:
        require_sizes(self, "length", "hidden", "batch_size")
        require_finite(self, "gain", above=0)
        if self.length < 2 or self.length % 2:
            raise ValueError(f"length must be even, because each half of the series has one mark, got {self.length}")

    def init(self, key: jax.Array) -> PyTree:
        inputs, recurrent, output = jax.random.split(key, 3)
        weight = jax.random.normal(recurrent, (self.hidden, self.hidden), jnp.float32)
        return {
            "inputs": init_dense(inputs, 2, self.hidden),
            "recurrent": self.gain / math.sqrt(self.hidden) * weight,
            "output": init_dense(output, self.hidden, 1),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        series = batch.astype(params["recurrent"].dtype)  # (batch, length, 2): numbers and marks
        driven = apply_dense(params["inputs"], series.swapaxes(0, 1))  # (length, batch, hidden)

        def advance(state: jax.Array, drive: jax.Array) -> tuple[jax.Array, None]:
            return jax.nn.relu(state @ params["recurrent"] + drive), None

        state, _ = jax.lax.scan(advance, jnp.zeros_like(driven[0]), driven)
        guess = apply_dense(params["output"], state)[:, 0]
        return jnp.mean((guess - series.prod(-1).sum(-1)) ** 2)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        numbers, places = jax.random.split(key)
        shape = (steps, self.batch_size, self.length)
        return _mark_two(
            jax.random.uniform(numbers, shape, jnp.float32), jax.random.uniform(places, shape, jnp.float32)
        )

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(drawn: np.ndarray) -> dict[str, jax.Array]:
            return {"loss": self.loss(params, _mark_two(*map(jnp.asarray, drawn)))}

        test, validation = (np.random.default_rng(seed).random((2, 256, self.length), np.float32) for seed in (0, 1))
        return measure_held_out(measure, validation, test)


def _mark_two(numbers: jax.Array, places: jax.Array) -> jax.Array:
    """Stack numbers (..., length) with their marks: one in each half, where the random `places` is largest."""
    halves = places.reshape(*places.shape[:-1], 2, -1)  # (..., 2, length / 2)
    marks = jax.nn.one_hot(halves.argmax(-1), halves.shape[-1], dtype=numbers.dtype)
    return jnp.stack([numbers, marks.reshape(numbers.shape)], -1)
