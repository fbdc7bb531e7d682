"""Handwritten digits: 1,797 real images, with a small network."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense, cross_entropy, draw_rows, init_dense, measure_classification
from .data_splits import Sample, Split, measure_held_out, split_rows

ACCURACY = Score("test_accuracy", "test accuracy", True, False, tolerance=0.01, chosen_by="validation_accuracy")


@functools.cache
def load_images() -> Split:
    """Load scikit-learn's digits: rows of 64 grey values in [0, 1] (float32), and the digit of each row (int32).

    Of each class, three fifths are for training, one fifth for validation and one fifth for the test.
    """
    from sklearn.datasets import load_digits  # the import takes a second, and few commands need it

    images, labels = load_digits(return_X_y=True)
    return split_rows((images / 16).astype(np.float32), labels.astype(np.int32), test_share=0.2, stratify=True)


@dataclass(frozen=True)
class Digits(Problem):
    """A network 64 - `hidden` - 10 with tanh units and cross-entropy, on mini-batches drawn with replacement."""

    name = "digits"
    summary = "A small network on 1,797 real handwritten digits: does faster training also generalize?"
    steps = 400
    score = ACCURACY

    hidden: int = 32
    batch_size: int = 128

    def init(self, key: jax.Array) -> PyTree:
        first, second = jax.random.split(key)
        return {"hidden": init_dense(first, 64, self.hidden), "output": init_dense(second, self.hidden, 10)}

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images, labels = load_images().train
        logits = _compute_logits(params, jnp.asarray(images, params["output"]["bias"].dtype)[batch])
        return cross_entropy(logits, jnp.asarray(labels)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_images().train.targets))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(sample: Sample) -> dict[str, jax.Array]:
            logits = _compute_logits(params, jnp.asarray(sample.inputs, params["output"]["bias"].dtype))
            return measure_classification(logits, jnp.asarray(sample.targets))

        return measure_held_out(measure, *load_images()[1:])


def _compute_logits(params: PyTree, images: jax.Array) -> jax.Array:
    hidden = jnp.tanh(apply_dense(params["hidden"], images))  # (batch, hidden)
    return apply_dense(params["output"], hidden)  # (batch, 10)
