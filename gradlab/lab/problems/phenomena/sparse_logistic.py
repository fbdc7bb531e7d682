"""Sparse logistic regression: most features are rare, as words are in texts."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Problem, Score
from ..networks import draw_rows
from ..parameters import require_finite, require_sizes
from ..real_data.data_splits import Sample, Split, measure_held_out


@functools.cache
def draw_samples(rows: int, features: int, power: float, strength: float) -> Split:
    """Draw samples of `rows` rows each, from a fixed seed.

    Features (rows, features) and labels (rows,) are 0 or 1, in float32.
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
    r"""Logistic regression, $\log(1 + e^{-y\, w \cdot x})$, on `features` features that are 0 or 1.

    The $j$-th feature is 1 with probability $j^{-q}$, where $q$ is `power`. All features are equally informative: the
    weights that generate the labels are +`strength` and -`strength` in turn. The weights of rare features receive few
    gradients. Source: the setting of Duchi, Hazan & Singer (2011), section 1.3.
    """

    name = "sparse_logistic"
    summary = "Logistic regression on features most of which are rare, but as informative as the frequent ones."
    steps = 400
    score = Score("test_loss", "test loss", tolerance=1.1, chosen_by="validation_loss")

    features: int = 256
    power: float = 1.25
    strength: float = 4.0
    rows: int = 4096
    batch_size: int = 32

    def __post_init__(self) -> None:
        require_sizes(self, "features", "rows", "batch_size")
        require_finite(self, "power", least=0)
        require_finite(self, "strength")

    def _draw_samples(self) -> Split:
        return draw_samples(self.rows, self.features, self.power, self.strength)

    def init(self, key: jax.Array) -> jax.Array:
        return 0.01 * jax.random.normal(key, (self.features,), jnp.float32)

    def loss(self, params: jax.Array, batch: jax.Array) -> jax.Array:
        return _compute_loss(params, self._draw_samples().train, batch)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, self.rows)

    def metrics(self, params: jax.Array) -> dict[str, jax.Array]:
        return measure_held_out(lambda rows: {"loss": _compute_loss(params, rows)}, *self._draw_samples()[1:])


def _compute_loss(weights: jax.Array, rows: Sample, chosen: jax.Array | slice = slice(None)) -> jax.Array:
    features, labels = (jnp.asarray(column, weights.dtype)[chosen] for column in rows)
    return optax.sigmoid_binary_cross_entropy(features @ weights, labels).mean()
