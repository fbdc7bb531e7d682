"""Handwritten digits: 1,797 real images, with a small network."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import PyTree
from ..networks import apply_dense_to_columns, init_dense
from ..parameters import require_sizes
from .digits_classifier import DigitsClassifier


@dataclass(frozen=True)
class Digits(DigitsClassifier):
    """A network of 64 inputs, `hidden` tanh units and 10 outputs.

    The loss is the cross-entropy on mini-batches, which are drawn with replacement.
    """

    name = "digits"
    summary = "A small network on 1,797 real handwritten digits: does faster training also generalize?"
    steps = 400

    hidden: int = 32
    batch_size: int = 128

    def __post_init__(self) -> None:
        require_sizes(self, "hidden", "batch_size")

    def init(self, key: jax.Array) -> PyTree:
        first, second = jax.random.split(key)
        return {"hidden": init_dense(first, 64, self.hidden), "output": init_dense(second, self.hidden, 10)}

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        hidden = jnp.tanh(apply_dense_to_columns(params["hidden"], images.T))  # (hidden, batch)
        return apply_dense_to_columns(params["output"], hidden)  # (10, batch)
