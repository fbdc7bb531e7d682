"""Digits: a small network on 1,797 real images of handwritten digits."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .base import Problem, PyTree, Score


class Images(NamedTuple):
    """Images as rows of 64 grey values in [0, 1] (float32), and the digit that each shows (int32)."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@functools.cache
def load_images() -> Images:
    """Scikit-learn's bundled digits, one fifth of each class held out for the test by a fixed seed."""
    from sklearn.datasets import load_digits  # here, because it takes a second, and few commands need it
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images, labels = (images / 16).astype(np.float32), labels.astype(np.int32)
    train, test, train_labels, test_labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=0
    )
    return Images(train, train_labels, test, test_labels)


@dataclass(frozen=True)
class Digits(Problem):
    """A network 64 - `hidden` - 10 with tanh units and cross-entropy, on mini-batches drawn with replacement."""

    name = "digits"
    summary = "A small network on 1,797 real handwritten digits: does faster training also generalize?"
    steps = 400
    score = Score("test_accuracy", "test accuracy", higher_is_better=True, logarithmic=False, tolerance=0.01)

    hidden: int = 32
    batch_size: int = 128

    def init(self, key: jax.Array) -> PyTree:
        first, second = jax.random.split(key)
        return {
            "hidden": _dense(first, 64, self.hidden),
            "output": _dense(second, self.hidden, 10),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images = load_images()
        logits = _logits(params, jnp.asarray(images.train)[batch])
        return _cross_entropy(logits, jnp.asarray(images.train_labels)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return jax.random.randint(key, (steps, self.batch_size), 0, len(load_images().train), jnp.int32)

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        images = load_images()
        logits, labels = _logits(params, jnp.asarray(images.test)), jnp.asarray(images.test_labels)
        return {
            "test_accuracy": jnp.mean(logits.argmax(-1).astype(labels.dtype) == labels),
            "test_loss": _cross_entropy(logits, labels),
        }


def _dense(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    weight = jax.random.normal(key, (inputs, outputs), jnp.float32) / math.sqrt(inputs)
    return {"weight": weight, "bias": jnp.zeros(outputs, jnp.float32)}


def _logits(params: PyTree, images: jax.Array) -> jax.Array:
    hidden = jnp.tanh(images @ params["hidden"]["weight"] + params["hidden"]["bias"])  # (batch, hidden)
    return hidden @ params["output"]["weight"] + params["output"]["bias"]  # (batch, 10)


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    # One-hot rather than by index: the gradient of indexing is a scatter, which makes a step half as slow again.
    return optax.softmax_cross_entropy(logits, jax.nn.one_hot(labels, 10, dtype=logits.dtype)).mean()
