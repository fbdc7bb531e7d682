"""Characters: a small language model on real text."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..base import Problem, PyTree, Score
from ..networks import apply_dense, cross_entropy, draw_rows, init_dense
from .samples import measure_held_out

BLOCK = 200  # characters: of each ten blocks, one is for the test and one for validation


class Text(NamedTuple):
    """A text, and at which of its characters a model is trained, validated and tested."""

    alphabet: str
    codes: np.ndarray  # (length,) int32: places in the alphabet
    train: np.ndarray  # (positions,) int32
    validation: np.ndarray
    test: np.ndarray


@functools.cache
def load_text() -> Text:
    """Scikit-learn's descriptions of its bundled data sets, some 13,000 characters, in lower case.

    Runs of anything but letters, digits and a few marks become one space.
    """
    from sklearn import datasets  # here, because it takes a second, and few commands need it

    names = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
    descriptions = " ".join(getattr(datasets, f"load_{name}")().DESCR for name in names)
    text = re.sub(r"[^a-z0-9.,:()'-]+", " ", re.sub(r"[-=:*]{2,}", " ", descriptions.lower()))
    alphabet = "".join(sorted(set(text)))
    codes = np.array([alphabet.index(character) for character in text], np.int32)
    positions = np.arange(len(codes), dtype=np.int32)
    block = positions // BLOCK % 10
    is_validation, is_test = block == 4, block == 9
    return Text(alphabet, codes, positions[~(is_validation | is_test)], positions[is_validation], positions[is_test])


@dataclass(frozen=True)
class Characters(Problem):
    """Guess a character from the `context` characters before it: each becomes a vector of `embedding` numbers, and all
    of them go through `hidden` tanh units. Cross-entropy; the score is in bits a character, on held-out blocks.

    Rare characters have embeddings that most batches do not touch. Source: Bengio et al. (2003); the text is
    scikit-learn's (BSD 3-clause), and comes from the version that is installed.
    """

    name = "characters"
    summary = "A character model on the descriptions of scikit-learn's data: embeddings, of which some are rarely used."
    steps = 300
    score = Score("test_bits", "test bits a character", logarithmic=False, tolerance=0.05, chosen_by="validation_bits")

    context: int = 8
    embedding: int = 8
    hidden: int = 32
    batch_size: int = 64

    def init(self, key: jax.Array) -> PyTree:
        letters = len(load_text().alphabet)
        first, second, third = jax.random.split(key, 3)
        return {
            "embedding": jax.random.normal(first, (letters, self.embedding), jnp.float32),
            "hidden": init_dense(second, self.context * self.embedding, self.hidden),
            "output": init_dense(third, self.hidden, letters),
        }

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        return self._nats(params, jnp.asarray(load_text().train)[batch])

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(load_text().train))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        def measure(positions: np.ndarray) -> dict[str, jax.Array]:
            return {"bits": self._nats(params, jnp.asarray(positions)) / math.log(2)}

        return measure_held_out(measure, load_text().validation, load_text().test)

    def _nats(self, params: PyTree, positions: jax.Array) -> jax.Array:
        """The mean of -log p(character) at some positions of the text, which wraps around."""
        codes = jnp.asarray(load_text().codes)
        before = codes[positions[:, None] - jnp.arange(self.context, 0, -1, jnp.int32)]  # (batch, context)
        table = params["embedding"]
        vectors = jax.nn.one_hot(before, len(table), dtype=table.dtype) @ table  # the gradient of table[...] is slow
        hidden = jnp.tanh(apply_dense(params["hidden"], vectors.reshape(len(positions), -1)))
        return cross_entropy(apply_dense(params["output"], hidden), codes[positions])
