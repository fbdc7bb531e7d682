"""The deep sigmoid network: gradients vanish from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import Problem, PyTree
from ..networks import apply_dense, cross_entropy, draw_rows, init_dense, measure_classification
from .data_splits import Sample, measure_held_out
from .digits import ACCURACY, load_images


@dataclass(frozen=True)
class DeepSigmoid(Problem):
    r"""A network 64 - `width` ... `width` - 10 with `depth` hidden layers of sigmoid units, on the digits.

    The slope of a sigmoid is at most 1/4, so the gradient shrinks about fivefold with each layer on the way back. At
    first, the output hardly depends on the image, and training begins on a plateau of loss $\ln 10$.
    Source: Hochreiter (1991); Glorot & Bengio (2010).
    """

    name = "deep_sigmoid"
    summary = "Four layers of sigmoid units on the digits: gradients vanish on the way back, and plain descent stalls."
    steps = 400
    score = ACCURACY

    depth: int = 4
    width: int = 16
    batch_size: int = 64

    def init(self, key: jax.Array) -> PyTree:
        widths = [64, *[self.width] * self.depth, 10]
        keys = jax.random.split(key, self.depth + 1)
        return [init_dense(key, inputs, outputs) for key, inputs, outputs in zip(keys, widths, widths[1:])]

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images, labels = load_images().train
        logits = _compute_logits(params, jnp.asarray(images, params[0]["bias"].dtype)[batch])
        return cross_entropy(logits, jnp.asarray(labels)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_images().train.targets))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(sample: Sample) -> dict[str, jax.Array]:
            logits = _compute_logits(params, jnp.asarray(sample.inputs, params[0]["bias"].dtype))
            return measure_classification(logits, jnp.asarray(sample.targets))

        return measure_held_out(measure, *load_images()[1:])


def _compute_logits(params: PyTree, hidden: jax.Array) -> jax.Array:
    for layer in params[:-1]:
        hidden = jax.nn.sigmoid(apply_dense(layer, hidden))
    return apply_dense(params[-1], hidden)
