"""Handwritten digits, with a small convolutional network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from ..base import PyTree
from ..networks import apply_dense, apply_dense_to_columns, init_dense
from ..parameters import require_sizes
from .digits_classifier import DigitsClassifier

GROUP = 4  # channels that are normalized together


@dataclass(frozen=True)
class DigitsCnn(DigitsClassifier):
    """Two 3 x 3 convolutions with relu units and a linear layer; cross-entropy on mini-batches drawn with replacement.

    The first convolution has `channels` channels; the second has twice as many, and a stride of two. The sizes are 8 x
    8 pixels, 6 x 6, 2 x 2, and 10 classes. If `is_normalized`, each convolution is followed by a group normalization in
    the place of its bias: groups of 4 channels have mean 0 and variance 1 over an image, and each channel has a scale
    and a bias of its own. `channels` is then a multiple of 4. The weights of a convolution then have no size that
    matters, only a direction, which optimizers with weight decay or with rates for each layer handle differently.
    Source: LeCun et al. (1998), on a smaller scale; Wu & He (2018) for the normalization.
    """

    name = "digits_cnn"
    summary = "A small convolutional network on the digits: weights are shared, so gradients add up over the image."
    steps = 300

    channels: int = 8
    batch_size: int = 64
    is_normalized: bool = False

    def __post_init__(self) -> None:
        require_sizes(self, "channels", "batch_size")
        if self.is_normalized and self.channels % GROUP:
            raise ValueError(
                f"channels must be a multiple of {GROUP}, which a normalized group has, got {self.channels}; choose "
                "another number, or is_normalized=False"
            )

    def init(self, key: jax.Array) -> PyTree:
        first, second, output = jax.random.split(key, 3)
        return {
            "first": self._init_convolution(first, 9, self.channels),
            "second": self._init_convolution(second, 9 * self.channels, 2 * self.channels),
            "output": init_dense(output, 2 * 2 * 2 * self.channels, 10),
        }

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        pixels = images.reshape(-1, 8, 8, 1)
        hidden = self._convolve(params["first"], pixels, stride=1)  # (batch, 6, 6, c)
        hidden = self._convolve(params["second"], hidden, stride=2)  # (batch, 2, 2, 2 c)
        return apply_dense_to_columns(params["output"], hidden.reshape(len(hidden), -1).T)  # (10, batch)

    def _init_convolution(self, key: jax.Array, inputs: int, outputs: int) -> PyTree:
        layer = init_dense(key, inputs, outputs)
        weight = math.sqrt(2) * layer["weight"]  # because relu halves the variance
        return layer | {"weight": weight} | ({"scale": jnp.ones(outputs, jnp.float32)} if self.is_normalized else {})

    def _convolve(self, layer: PyTree, images: jax.Array, stride: int) -> jax.Array:
        patches = _extract_patches(images, stride)
        if not self.is_normalized:
            return jax.nn.relu(apply_dense(layer, patches))
        return jax.nn.relu(_normalize_groups(patches @ layer["weight"]) * layer["scale"] + layer["bias"])


def _normalize_groups(images: jax.Array) -> jax.Array:
    """Subtract from each group of channels of each image (batch, n, n, c) its mean, and divide by its deviation."""
    groups = images.reshape(*images.shape[:3], -1, GROUP)
    centered = groups - groups.mean((1, 2, 4), keepdims=True)
    variance = jnp.mean(centered**2, (1, 2, 4), keepdims=True)
    return (centered * jax.lax.rsqrt(variance + 1e-5)).reshape(images.shape)


def _extract_patches(images: jax.Array, stride: int) -> jax.Array:
    """Extract the 3 x 3 patches, `stride` apart, of images (batch, n, n, c): an array (batch, m, m, 9 c).

    A convolution of these is a matrix product. XLA's convolution, mapped over many networks, is far slower on a CPU.
    """
    ends = images.shape[1] - 2
    shifted = [
        images[:, row : row + ends : stride, column : column + ends : stride] for row in range(3) for column in range(3)
    ]
    return jnp.concatenate(shifted, -1)
