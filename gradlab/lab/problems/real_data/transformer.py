"""A transformer: a decoder-only language model of real text."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Problem, PyTree, Score
from ..networks import draw_rows
from ..parameters import require_sizes
from .data_splits import measure_held_out
from .texts import BLOCK, find_windows, load_long_text

_MATRICES = ("query", "key", "value", "output")  # of the attention, each (width, width)
_EXPANSION = 4  # hidden units of the perceptron for each unit of the width


@dataclass(frozen=True)
class Transformer(Problem):
    """Predict each character of a window from those before it in the window, of which it has `context`.

    A character is the sum of two embeddings, of itself and of its position. `depth` blocks follow, each with causal
    attention in `heads` heads and a perceptron of 4 `width` squared relu units, behind root-mean-square norms and
    around residual connections. The head is a norm and a matrix, or with `is_tied` the embedding of the characters
    divided by `width`. No layer has a bias. `width` is a multiple of `heads`, and `context` is at most 200. By default,
    there are 106,304 parameters.

    The matrices of the blocks have paths `blocks/**`. The embeddings (`embedding/**`) and the output layer (`head/**`)
    have two axes as well, and Muon is not meant for them. The loss is the cross-entropy. At the start, it is close to
    the logarithm of the number of characters, 44. The score is in bits per character, on 32 windows each of blocks of
    the text that are not trained on. Frequencies alone reach 4.6 bits, and a model of pairs of characters 3.8.
    Source: Vaswani et al. (2017); Zhang & Sennrich (2019) for the norm; So et al. (2021) for the squared relu. The text
    is scikit-learn's (BSD 3-clause), of the version that is installed.
    """

    name = "transformer"
    summary = (
        "A small language model with attention, on 37,000 characters of text: do matrices need their own optimizer?"
    )
    steps = 300
    score = Score(
        "test_bits", "test bits per character", logarithmic=False, tolerance=0.05, chosen_by="validation_bits"
    )

    width: int = 64
    depth: int = 2
    heads: int = 4
    context: int = 32
    batch_size: int = 16
    is_tied: bool = False

    def __post_init__(self) -> None:
        require_sizes(self, "width", "depth", "heads", "context", "batch_size")
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, got width={self.width} and heads={self.heads}")
        if self.context > BLOCK:
            raise ValueError(
                f"context must be at most {BLOCK}, because the text is held out in blocks of {BLOCK} characters; "
                f"got {self.context}"
            )

    def init(self, key: jax.Array) -> PyTree:
        characters, positions, head, *blocks = jax.random.split(key, 3 + self.depth)
        letters, width = len(load_long_text().alphabet), self.width
        output = {} if self.is_tied else {"weight": _draw(head, letters, width).T / width}
        return {
            "embedding": {
                "characters": _draw(characters, letters, width),
                "positions": _draw(positions, self.context, width),
            },
            "blocks": [self._init_block(block) for block in blocks],
            "head": {"scale": jnp.ones(width, jnp.float32), **output},
        }

    def _init_block(self, key: jax.Array) -> PyTree:
        up, down, *attention = jax.random.split(key, 2 + len(_MATRICES))
        width, hidden = self.width, _EXPANSION * self.width
        # Each block adds two outputs to the residual stream, which would grow with the depth without this factor.
        small = 1 / math.sqrt(2 * self.depth)
        matrices = {name: _draw(key, width, width) / math.sqrt(width) for name, key in zip(_MATRICES, attention)}
        scale = jnp.ones(width, jnp.float32)
        return {
            "attention": {"scale": scale, **matrices, "output": small * matrices["output"]},
            "perceptron": {
                "scale": scale,
                "up": _draw(up, width, hidden) / math.sqrt(width),
                "down": small * _draw(down, hidden, width) / math.sqrt(hidden),
            },
        }

    def compute_logits(self, params: PyTree, codes: jax.Array) -> jax.Array:
        """Return the logits (batch, length, letters) of the next character after each of `codes` (batch, length).

        `codes` are integers, and length is at most `context`. The logits have the dtype of the parameters.
        """
        table, positions = params["embedding"]["characters"], params["embedding"]["positions"]
        vectors = jax.nn.one_hot(codes, len(table), dtype=table.dtype) @ table  # table[codes] has a slow gradient
        # One row a character, because XLA is a fifth slower with two axes in place of one.
        stream = (vectors + positions[: codes.shape[1]]).reshape(-1, self.width)
        for block in params["blocks"]:
            stream = stream + self._attend(block["attention"], stream, codes.shape)
            hidden = _normalize(stream, block["perceptron"]["scale"]) @ block["perceptron"]["up"]
            stream = stream + jax.nn.relu(hidden) ** 2 @ block["perceptron"]["down"]
        output = table.T / self.width if self.is_tied else params["head"]["weight"]
        return (_normalize(stream, params["head"]["scale"]) @ output).reshape(*codes.shape, -1)

    def _attend(self, layer: PyTree, stream: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Return the attention of a stream (batch * length, width) for a `shape` of (batch, length)."""
        normal = _normalize(stream, layer["scale"])
        query, key, value = (
            (normal @ layer[name]).reshape(*shape, self.heads, -1) for name in ("query", "key", "value")
        )
        scores = jnp.einsum("bqhs,bkhs->bhqk", query, key) / math.sqrt(self.width // self.heads)
        is_past = np.tri(shape[1], dtype=bool)  # (query, key): a character sees itself and those before it
        weights = jax.nn.softmax(jnp.where(is_past, scores, -jnp.inf))
        return jnp.einsum("bhqk,bkhs->bqhs", weights, value).reshape(stream.shape) @ layer["output"]

    def loss(self, params: PyTree, batch: jax.Array) -> jax.Array:
        return self._compute_nats(params, jnp.asarray(find_windows(self.context).train)[batch]).mean()

    def batches(self, key: jax.Array, steps: int) -> jax.Array:
        return draw_rows(key, steps, self.batch_size, len(find_windows(self.context).train))

    def metrics(self, params: PyTree) -> dict[str, jax.Array]:
        _, validation, test = find_windows(self.context)
        nats = self._compute_nats(params, jnp.asarray(np.concatenate([validation, test])))  # compiles in half the time
        return measure_held_out(
            lambda part: {"bits": part.mean() / math.log(2)}, nats[: len(validation)], nats[len(validation) :]
        )

    def _compute_nats(self, params: PyTree, starts: jax.Array) -> jax.Array:
        """Return -log p(character), in nats: the mean of each window of the text that begins at `starts` (windows,)."""
        places = starts[:, None] + jnp.arange(self.context + 1, dtype=jnp.int32)
        codes = jnp.asarray(load_long_text().codes)[places]  # (windows, context + 1)
        logits = self.compute_logits(params, codes[:, :-1])
        return optax.softmax_cross_entropy_with_integer_labels(logits, codes[:, 1:]).mean(-1)


def _draw(key: jax.Array, rows: int, columns: int) -> jax.Array:
    return jax.random.normal(key, (rows, columns), jnp.float32)


def _normalize(vectors: jax.Array, scale: jax.Array) -> jax.Array:
    """Divide vectors by the root of their mean square, along the last axis, and multiply them by `scale`."""
    return scale * vectors * jax.lax.rsqrt(jnp.mean(vectors**2, -1, keepdims=True) + 1e-6)
