"""The autoencoder: images pass through a narrow code in a deep network, whose loss is curved."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Problem, PyTree, Score
from ..networks import apply_dense_to_columns, draw_rows
from ..parameters import require_sizes
from .data_splits import measure_held_out
from .digits_classifier import load_images

_CONNECTIONS = 15  # inputs to which a unit is connected at the start


@dataclass(frozen=True)
class Autoencoder(Problem):
    """Reproduce images of digits from a `code` of a few numbers.

    The network has 64 inputs and layers of `width`, `width` / 2, `code`, `width` / 2, `width` and 64 units. Its units
    are sigmoids, those of the code are linear, and the outputs are sigmoids again. At the start, each unit is connected
    to 15 of its inputs by standard normal weights, or to all of them if there are fewer (Martens's sparse
    initialization). Without it, deep sigmoid networks had to be pretrained layer by layer. By default there are 9,048
    parameters.

    The loss is the cross-entropy of the pixels, summed over an image, on mini-batches drawn with replacement. The score
    is the squared error, summed over the 64 pixels, on images that are not trained on. The mean image has an error of
    4.7, and the best linear code of 8 numbers (principal components) has 1.6.

    The curvature differs much between directions. At their best rates of nine, from four seeds, plain descent and
    momentum stay above the principal components, Adam reaches 1.4, and methods that precondition matrices (Muon, SOAP)
    reach 1.0. Source: Hinton & Salakhutdinov (2006), for MNIST; Martens (2010) for the initialization; Sutskever,
    Martens, Dahl & Hinton (2013), where momentum closes most of the gap to second-order methods in longer runs.
    """

    name = "autoencoder"
    summary = "A deep autoencoder of real images: the loss is so curved that plain descent lags far behind."
    steps = 600
    score = Score("test_error", "test squared error", logarithmic=False, tolerance=0.1, chosen_by="validation_error")

    width: int = 48
    code: int = 8
    batch_size: int = 64

    def __post_init__(self) -> None:
        require_sizes(self, "width", "code", "batch_size")
        if self.width % 2:
            raise ValueError(f"width must be even, because the next layer has half as many units, got {self.width}")

    def init(self, key: jax.Array) -> PyTree:
        widths = [64, self.width, self.width // 2, self.code, self.width // 2, self.width, 64]
        keys = jax.random.split(key, len(widths) - 1)
        return [_init_sparse(key, inputs, outputs) for key, inputs, outputs in zip(keys, widths, widths[1:])]

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        """Return the logits (64, batch) of the pixels of reproduced images, for images (batch, 64)."""
        hidden = images.T
        for number, layer in enumerate(params):
            hidden = apply_dense_to_columns(layer, hidden)  # (units, batch)
            if number not in (len(params) // 2 - 1, len(params) - 1):  # the code and the logits
                hidden = jax.nn.sigmoid(hidden)
        return hidden

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images = jnp.asarray(load_images().train.inputs, params[0]["weight"].dtype)[batch]
        return optax.sigmoid_binary_cross_entropy(self.compute_logits(params, images), images.T).sum(0).mean()

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_images().train.inputs))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        samples = [sample.inputs for sample in load_images()[1:]]
        images = jnp.asarray(np.concatenate(samples), params[0]["weight"].dtype)  # compiles faster as one
        logits = self.compute_logits(params, images)
        squares = (jax.nn.sigmoid(logits) - images.T) ** 2
        nats = optax.sigmoid_binary_cross_entropy(logits, images.T)
        errors, losses = (jnp.split(values.sum(0), [len(samples[0])]) for values in (squares, nats))

        def measure(number: int) -> dict[str, jax.Array]:
            return {"error": errors[number].mean(), "loss": losses[number].mean()}

        return measure_held_out(measure, 0, 1)


def _init_sparse(key: jax.Array, inputs: int, outputs: int) -> PyTree:
    weights, places = jax.random.split(key)
    drawn = jax.random.uniform(places, (inputs, outputs), jnp.float32)
    is_connected = drawn <= jnp.sort(drawn, 0)[min(inputs, _CONNECTIONS) - 1]
    weight = jnp.where(is_connected, jax.random.normal(weights, (inputs, outputs), jnp.float32), 0)
    return {"weight": weight, "bias": jnp.zeros(outputs, jnp.float32)}
