"""Layers, losses and metrics that the networks of several problems share."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import optax

from .base import PyTree


def init_dense(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    """Draw the parameters of a dense layer: normal weights of variance 1 / `inputs`, and biases of zero."""
    weight = jax.random.normal(key, (inputs, outputs), jnp.float32) / math.sqrt(inputs)
    return {"weight": weight, "bias": jnp.zeros(outputs, jnp.float32)}


def apply_dense(layer: PyTree, inputs: jax.Array) -> jax.Array:
    """Apply a dense layer to an array of shape (..., inputs); the result has shape (..., outputs)."""
    return inputs @ layer["weight"] + layer["bias"]


def apply_dense_to_columns(layer: PyTree, inputs: jax.Array) -> jax.Array:
    """Apply a dense layer to the columns of an array of shape (inputs, batch); the result has shape (outputs, batch).

    Mapped over many networks on a CPU, this takes two thirds of the time of rows: the networks that read the same batch
    are one matrix as they are, and what follows is computed along the batch, and not along a few outputs.
    """
    return layer["weight"].T @ inputs + layer["bias"][:, None]


def cross_entropy(logits: jax.Array, labels: jax.Array, axis: int = -1) -> jax.Array:
    """Return the mean of -log p(label), in nats, for logits with the classes on `axis` and labels without it."""
    # The gradient of indexing by label would be a scatter, which makes a step 1.5 times as slow.
    targets = jax.nn.one_hot(labels, logits.shape[axis], dtype=logits.dtype, axis=axis)
    return optax.softmax_cross_entropy(logits, targets, axis=axis).mean()


def find_hits(logits: jax.Array, labels: jax.Array, axis: int = -1) -> jax.Array:
    """Return for each label whether its logit is the largest of those along `axis`."""
    return logits.argmax(axis).astype(labels.dtype) == labels


def accuracy(logits: jax.Array, labels: jax.Array, axis: int = -1) -> jax.Array:
    """Return the share of labels whose logit is the largest of those along `axis`."""
    return jnp.mean(find_hits(logits, labels, axis), dtype=jnp.float32)


def measure_classification(logits: jax.Array, labels: jax.Array, axis: int = -1) -> dict[str, jax.Array]:
    """Return the metrics `accuracy` and `loss` of a classifier, for logits with the classes on `axis`."""
    return {"accuracy": accuracy(logits, labels, axis), "loss": cross_entropy(logits, labels, axis)}


def draw_rows(key: jax.Array, steps: int, size: int, rows: int) -> jax.Array:
    """Draw indices below `rows` with replacement, as mini-batches: an int32 array of shape (steps, size)."""
    return jax.random.randint(key, (steps, size), 0, rows, jnp.int32)
