"""Handwritten digits, with a small convolutional network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import PyTree
from ..networks import apply_dense, apply_dense_to_columns, init_dense
from .digits_classifier import DigitsClassifier


@dataclass(frozen=True)
class DigitsCnn(DigitsClassifier):
    """Two 3 x 3 convolutions with relu units and a linear layer; cross-entropy on mini-batches drawn with replacement.

    The first convolution has `channels` channels; the second has twice as many, and a stride of two. The sizes are 8 x
    8 pixels, 6 x 6, 2 x 2, and 10 classes. Source: LeCun et al. (1998), on a smaller scale.
    """

    name = "digits_cnn"
    summary = "A small convolutional network on the digits: weights are shared, so gradients add up over the image."
    steps = 300

    channels: int = 8
    batch_size: int = 64

    def init(self, key: jax.Array) -> PyTree:
        first, second, output = jax.random.split(key, 3)
        return {
            "first": _init_relu_layer(first, 9, self.channels),
            "second": _init_relu_layer(second, 9 * self.channels, 2 * self.channels),
            "output": init_dense(output, 2 * 2 * 2 * self.channels, 10),
        }

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        pixels = images.reshape(-1, 8, 8, 1)
        hidden = jax.nn.relu(apply_dense(params["first"], _extract_patches(pixels, stride=1)))  # (batch, 6, 6, c)
        hidden = jax.nn.relu(apply_dense(params["second"], _extract_patches(hidden, stride=2)))  # (batch, 2, 2, 2 c)
        return apply_dense_to_columns(params["output"], hidden.reshape(len(hidden), -1).T)  # (10, batch)


def _init_relu_layer(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    layer = init_dense(key, inputs, outputs)
    return layer | {"weight": math.sqrt(2) * layer["weight"]}  # because relu halves the variance


def _extract_patches(images: jax.Array, stride: int) -> jax.Array:
    """Extract the 3 x 3 patches, `stride` apart, of images (batch, n, n, c): an array (batch, m, m, 9 c).

    A convolution of these is a matrix product. XLA's convolution, mapped over many networks, is far slower on a CPU.
    """
    ends = images.shape[1] - 2
    shifted = [
        images[:, row : row + ends : stride, column : column + ends : stride] for row in range(3) for column in range(3)
    ]
    return jnp.concatenate(shifted, -1)
