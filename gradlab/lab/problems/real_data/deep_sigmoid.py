"""The deep sigmoid network: gradients vanish from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from ..base import PyTree
from ..networks import apply_dense_to_columns, init_dense
from ..parameters import require_sizes, summary_of
from .digits_classifier import DigitsClassifier

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def _count_layers(depth: int) -> str:
    number = _NUMBERS[depth] if depth < len(_NUMBERS) else depth
    return f"{number} layer{'s' * (depth != 1)}"


@dataclass(frozen=True)
class DeepSigmoid(DigitsClassifier):
    r"""A network of 64 inputs, `depth` hidden layers of `width` sigmoid units, and 10 outputs, on the digits.

    The slope of a sigmoid is at most 1/4, so the gradient shrinks about fivefold with each layer on the way back. At
    first, the output hardly depends on the image, and training begins on a plateau of loss $\ln 10$.
    Source: Hochreiter (1991); Glorot & Bengio (2010).
    """

    name = "deep_sigmoid"
    summary = summary_of(
        lambda problem: (
            f"{_count_layers(problem.depth)} of sigmoid units on the digits: gradients vanish on the way back, "
            "and plain descent stalls."
        )
    )
    steps = 400

    depth: int = 4
    width: int = 16
    batch_size: int = 64

    def __post_init__(self) -> None:
        require_sizes(self, "width", "batch_size")
        require_sizes(self, "depth", least=0)

    def init(self, key: jax.Array) -> PyTree:
        widths = [64, *[self.width] * self.depth, 10]
        keys = jax.random.split(key, self.depth + 1)
        return [init_dense(key, inputs, outputs) for key, inputs, outputs in zip(keys, widths, widths[1:])]

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        hidden = images.T  # (64, batch)
        for layer in params[:-1]:
            hidden = jax.nn.sigmoid(apply_dense_to_columns(layer, hidden))  # (width, batch)
        return apply_dense_to_columns(params[-1], hidden)  # (10, batch)
