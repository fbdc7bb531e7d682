"""Sparse logistic regression: features that are seen the less often the more of them there are."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Problem, Score
from ..networks import draw_rows
from ..real_data.samples import Sample, Split, measure_held_out


@functools.cache
def draw_samples(rows: int, features: int, power: float, strength: float) -> Split:
    """Samples of `rows` rows each, from a fixed seed: features in {0, 1} (rows, features), labels in {0, 1} (rows,),
    all float32.
    """
    random = np.random.default_rng(0)
    frequencies = np.arange(1, features + 1) ** -power
    weights = strength * (-1.0) ** np.arange(features)

    def draw() -> Sample:
        seen = random.random((rows, features)) < frequencies
        labels = random.random(rows) < 1 / (1 + np.exp(-(seen @ weights)))
        return Sample(seen.astype(np.float32), labels.astype(np.float32))

    train, test, validation = draw(), draw(), draw()
    return Split(train, validation, test)


@dataclass(frozen=True)
class SparseLogistic(Problem):
    r"""Logistic regression, $\log(1 + e^{-y\, w \cdot x})$, on `features` features of which the $j$-th is 1 with the
    frequency $j^{-q}$ (`power`), as words are in texts, and 0 otherwise.

    All features are equally telling: the labels' own weights are +`strength` and -`strength` in turn. Those of rare
    features have few gradients to get there. Source: the setting of Duchi, Hazan & Singer (2011), section 1.3.
    """

    name = "sparse_logistic"
    summary = "Features with power-law frequencies: rare ones are as telling, and learn only from a few large steps."
    steps = 400
    score = Score("test_loss", "test loss", tolerance=1.1, chosen_by="validation_loss")

    features: int = 256
    power: float = 1.25
    strength: float = 4.0
    rows: int = 4096
    batch_size: int = 32

    def _rows(self) -> Split:
        return draw_samples(self.rows, self.features, self.power, self.strength)

    def init(self, key: jax.Array) -> jax.Array:
        return 0.01 * jax.random.normal(key, (self.features,), jnp.float32)

    def loss(self, params: jax.Array, batch: jax.Array) -> jax.Array:
        return _compute_loss(params, self._rows().train, batch)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, self.rows)

    def metrics(self, params: jax.Array) -> dict[str, jax.Array]:
        return measure_held_out(lambda rows: {"loss": _compute_loss(params, rows)}, *self._rows()[1:])


def _compute_loss(weights: jax.Array, rows: Sample, chosen: jax.Array | slice = slice(None)) -> jax.Array:
    features, labels = (jnp.asarray(column, weights.dtype)[chosen] for column in rows)
    return optax.sigmoid_binary_cross_entropy(features @ weights, labels).mean()
