"""Parts of the networks that problems train."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import optax

from .base import PyTree


def init_dense(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    """The parameters of an affine layer: weights of variance 1 / `inputs`, and biases of zero."""
    weight = jax.random.normal(key, (inputs, outputs), jnp.float32) / math.sqrt(inputs)
    return {"weight": weight, "bias": jnp.zeros(outputs, jnp.float32)}


def apply_dense(layer: PyTree, inputs: jax.Array) -> jax.Array:
    """What such a layer makes of inputs of shape (..., inputs)."""
    return inputs @ layer["weight"] + layer["bias"]


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The mean of -log p(label), in nats, for logits (..., classes) and labels (...)."""
    # One-hot rather than by index: the gradient of indexing is a scatter, which makes a step half as slow again.
    targets = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    return optax.softmax_cross_entropy(logits, targets).mean()


def accuracy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """The share of labels that have the largest logit."""
    return jnp.mean(logits.argmax(-1).astype(labels.dtype) == labels, dtype=jnp.float32)


def measure_classification(logits: jax.Array, labels: jax.Array) -> dict[str, jax.Array]:
    """The metrics `accuracy` and `loss` of a classifier."""
    return {"accuracy": accuracy(logits, labels), "loss": cross_entropy(logits, labels)}


def draw_rows(key: jax.Array, steps: int, size: int, rows: int) -> jax.Array:
    """Indices of `rows` rows, drawn with replacement: an int32 array of shape (steps, size)."""
    return jax.random.randint(key, (steps, size), 0, rows, jnp.int32)
