"""The base class of the networks that read handwritten digits: their images, loss, batches and metrics."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import cross_entropy, draw_rows, find_hits
from .data_splits import Split, measure_held_out, split_rows


@functools.cache
def load_images() -> Split:
    """Load scikit-learn's digits: rows of 64 gray values in [0, 1] (float32), and the digit of each row (int32).

    Of each class, three fifths are for training, one fifth for validation and one fifth for the test.
    """
    from sklearn.datasets import load_digits  # the import takes a second, and few commands need it

    images, labels = load_digits(return_X_y=True)
    return split_rows((images / 16).astype(np.float32), labels.astype(np.int32), test_share=0.2, stratify=True)


class DigitsClassifier(Problem):
    """A network of ten classes on the digits, trained by cross-entropy on mini-batches drawn with replacement.

    A subclass gives the initial parameters, all of one dtype, and `compute_logits`.
    """

    score = Score("test_accuracy", "test accuracy", True, False, tolerance=0.01, chosen_by="validation_accuracy")
    batch_size: int

    def compute_logits(self, params: PyTree, images: jax.Array) -> jax.Array:
        """Return the logits (10, batch) of images (batch, 64) in the dtype of the parameters."""
        raise NotImplementedError

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        images, labels = load_images().train
        logits = self.compute_logits(params, _cast_like(params, images)[batch])
        return cross_entropy(logits, jnp.asarray(labels)[batch], axis=0)

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_images().train.targets))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        validation, test = load_images()[1:]
        # The network reads both samples as one, which compiles faster than to read them one after the other.
        images = np.concatenate([validation.inputs, test.inputs])
        labels = np.concatenate([validation.targets, test.targets])
        logits = self.compute_logits(params, _cast_like(params, images))
        hits = find_hits(logits, jnp.asarray(labels), axis=0)

        def measure(rows: slice) -> dict[str, jax.Array]:
            loss = cross_entropy(logits[:, rows], jnp.asarray(labels[rows]), axis=0)
            return {"accuracy": jnp.mean(hits[rows], dtype=jnp.float32), "loss": loss}

        count = len(validation.targets)
        return measure_held_out(measure, slice(count), slice(count, None))


def _cast_like(params: PyTree, images: np.ndarray) -> jax.Array:
    return jnp.asarray(images, jax.tree.leaves(params)[0].dtype)
