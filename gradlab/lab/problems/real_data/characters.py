"""Characters: a small language model of real text."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense, cross_entropy, draw_rows, init_dense
from ..parameters import require_sizes
from .data_splits import measure_held_out
from .texts import load_text


@dataclass(frozen=True)
class Characters(Problem):
    """Predict a character from the `context` characters before it.

    Each of these becomes a vector of `embedding` numbers, and all of them pass through `hidden` tanh units. The loss is
    the cross-entropy; the score is in bits per character, on blocks of the text that are not trained on. The embeddings
    of rare characters have no gradient in most batches. Source: Bengio et al. (2003); the text is scikit-learn's (BSD
    3-clause), of the version that is installed.
    """

    name = "characters"
    summary = "A language model of characters, on 13,000 characters of text: rare characters are seldom updated."
    steps = 300
    score = Score(
        "test_bits", "test bits per character", logarithmic=False, tolerance=0.05, chosen_by="validation_bits"
    )

    context: int = 8
    embedding: int = 8
    hidden: int = 32
    batch_size: int = 64

    def __post_init__(self) -> None:
        require_sizes(self, "context", "embedding", "hidden", "batch_size")

    def init(self, key: jax.Array) -> PyTree:
        letters = len(load_text().alphabet)
        first, second, third = jax.random.split(key, 3)
        return {
            "embedding": jax.random.normal(first, (letters, self.embedding), jnp.float32),
            "hidden": init_dense(second, self.context * self.embedding, self.hidden),
            "output": init_dense(third, self.hidden, letters),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        return self._compute_nats(params, jnp.asarray(load_text().train)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_text().train))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(positions: np.ndarray) -> dict[str, jax.Array]:
            return {"bits": self._compute_nats(params, jnp.asarray(positions)) / math.log(2)}

        return measure_held_out(measure, load_text().validation, load_text().test)

    def _compute_nats(self, params: PyTree, positions: jax.Array) -> jax.Array:
        """Return the mean of -log p(character) at some positions of the text, in nats. The text wraps around."""
        codes = jnp.asarray(load_text().codes)
        before = codes[positions[:, None] - jnp.arange(self.context, 0, -1, jnp.int32)]  # (batch, context)
        table = params["embedding"]
        vectors = jax.nn.one_hot(before, len(table), dtype=table.dtype) @ table  # table[before] has a slow gradient
        hidden = jnp.tanh(apply_dense(params["hidden"], vectors.reshape(len(positions), -1)))
        return cross_entropy(apply_dense(params["output"], hidden), codes[positions])
