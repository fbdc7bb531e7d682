"""Digits: a small network on 1,797 real images of handwritten digits."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Problem, PyTree, Score
from .samples import Sample, Split, measure_held_out, split_rows

ACCURACY = Score("test_accuracy", "test accuracy", True, False, tolerance=0.01, chosen_by="validation_accuracy")


@functools.cache
def load_images() -> Split:
    """Scikit-learn's bundled digits: rows of 64 grey values in [0, 1] (float32), and the digit of each (int32).

    Of each class, three fifths are for training, one fifth for validation and one fifth for the test.
    """
    from sklearn.datasets import load_digits  # here, because it takes a second, and few commands need it

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
        return {
            "hidden": _dense(first, 64, self.hidden),
            "output": _dense(second, self.hidden, 10),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images, labels = map(jnp.asarray, load_images().train)
        return _cross_entropy(_compute_logits(params, images[batch]), labels[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return jax.random.randint(key, (steps, self.batch_size), 0, len(load_images().train.targets), jnp.int32)

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(sample: Sample) -> dict[str, jax.Array]:
            images, labels = map(jnp.asarray, sample)
            logits = _compute_logits(params, images)
            is_right = logits.argmax(-1).astype(labels.dtype) == labels
            return {"accuracy": jnp.mean(is_right), "loss": _cross_entropy(logits, labels)}

        return measure_held_out(measure, *load_images()[1:])


def _dense(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    weight = jax.random.normal(key, (inputs, outputs), jnp.float32) / math.sqrt(inputs)
    return {"weight": weight, "bias": jnp.zeros(outputs, jnp.float32)}


def _compute_logits(params: PyTree, images: jax.Array) -> jax.Array:
    hidden = jnp.tanh(images @ params["hidden"]["weight"] + params["hidden"]["bias"])  # (batch, hidden)
    return hidden @ params["output"]["weight"] + params["output"]["bias"]  # (batch, 10)


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    # One-hot rather than by index: the gradient of indexing is a scatter, which makes a step half as slow again.
    return optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, 10, dtype=logits.dtype)).mean()
