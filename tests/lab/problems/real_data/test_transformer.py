"""The transformer against NumPy, what it can see, and the models that its score is compared with."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import Transformer
from gradlab.lab.problems.real_data.texts import find_windows, load_long_text
from tests.lab.training import train

SMALL = Transformer(width=12, depth=2, heads=3, context=7, batch_size=4)
TIED = Transformer(width=12, depth=2, heads=3, context=7, is_tied=True)
CODES = load_long_text().codes[100:156].reshape(8, 7)


@functools.cache
def compile_logits(problem: Transformer) -> Any:
    return jax.jit(problem.compute_logits)


def draw_params(problem: Transformer) -> Any:
    """Draw parameters in float64. Scales and the head are made as large as after training, so that they matter."""
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), problem.init(jax.random.key(3)))
    rng = np.random.default_rng(0)
    head = {name: leaf + rng.normal(size=leaf.shape) for name, leaf in params["head"].items()}
    for block in params["blocks"]:
        for layer in block.values():
            layer["scale"] = layer["scale"] + 0.3 * rng.normal(size=problem.width)
    return params | {"head": head}


def compute_in_numpy(problem: Transformer, params: Any, codes: np.ndarray) -> np.ndarray:
    """Compute the logits of one window (length,), character by character and head by head."""

    def normalize(vector: np.ndarray, scale: np.ndarray) -> np.ndarray:
        return vector / np.sqrt((vector * vector).mean() + 1e-6) * scale

    stream = [params["embedding"]["characters"][c] + params["embedding"]["positions"][t] for t, c in enumerate(codes)]
    size = problem.width // problem.heads
    for block in params["blocks"]:
        layer, attended = block["attention"], []
        normal = [normalize(vector, layer["scale"]) for vector in stream]
        for t in range(len(codes)):
            outputs = np.zeros(problem.width)
            for head in range(problem.heads):
                part = slice(head * size, (head + 1) * size)
                query = normal[t] @ layer["query"][:, part]
                scores = [math.exp(query @ (n @ layer["key"][:, part]) / math.sqrt(size)) for n in normal[: t + 1]]
                for score, n in zip(scores, normal):
                    outputs[part] += score / sum(scores) * (n @ layer["value"][:, part])
            attended.append(stream[t] + outputs @ layer["output"])
        layer = block["perceptron"]
        stream = []
        for vector in attended:
            hidden = normalize(vector, layer["scale"]) @ layer["up"]
            stream.append(vector + np.where(hidden > 0, hidden, 0) ** 2 @ layer["down"])
    table = params["embedding"]["characters"]
    output = table.T / problem.width if problem.is_tied else params["head"]["weight"]
    return np.array([normalize(vector, params["head"]["scale"]) @ output for vector in stream])


@pytest.mark.parametrize("problem", [SMALL, TIED], ids=["untied", "tied"])
def test_the_logits_are_those_of_numpy(problem: Transformer) -> None:
    params = draw_params(problem)
    logits = compile_logits(problem)(params, CODES)
    assert logits.dtype == jnp.float64
    for row, window in zip(logits, CODES):
        np.testing.assert_allclose(row, compute_in_numpy(problem, params, window), rtol=1e-11, atol=1e-12)


def test_a_character_changes_its_own_and_later_predictions_only() -> None:
    codes = np.tile(CODES[0], (8, 1))
    codes[np.arange(1, 8), np.arange(7)] += 1  # row t + 1 has another character at t
    logits = np.asarray(compile_logits(SMALL)(draw_params(SMALL), codes % len(load_long_text().alphabet)))
    for t in range(7):
        np.testing.assert_array_equal(logits[t + 1, :t], logits[0, :t])
        assert (np.abs(logits[t + 1, t:] - logits[0, t:]).max(-1) > 1e-6).all()


def test_a_shorter_text_has_the_same_logits() -> None:
    params, compute = draw_params(SMALL), compile_logits(SMALL)
    np.testing.assert_allclose(compute(params, CODES[:, :4]), compute(params, CODES)[:, :4], rtol=1e-12)


@pytest.mark.parametrize("is_tied", [False, True])
def test_at_the_start_all_characters_are_almost_equally_likely(is_tied: bool) -> None:
    problem = Transformer(is_tied=is_tied, depth=1, context=8)
    metrics = jax.jit(lambda key: problem.metrics(problem.init(key)))(jax.random.key(0))
    for value in metrics.values():
        np.testing.assert_allclose(value, np.log2(len(load_long_text().alphabet)), rtol=0.01)


def test_the_default_has_the_size_that_its_docstring_says_and_paths_tell_its_matrices() -> None:
    params = jax.jit(Transformer().init)(jax.random.key(0))
    letters = len(load_long_text().alphabet)  # 44, unless another version of scikit-learn has another text
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 106_304 + 2 * 64 * (letters - 44)
    hidden = gl.ndim(2) & ~gl.path("embedding/**", "head/**")
    tx = gl.partition((hidden, gl.scale(0.0)), default=gl.chain())
    kept, _ = tx.update(params, tx.init(params), params)
    sizes = {True: 0, False: 0}
    for leaf in jax.tree.leaves(kept):
        sizes[not leaf.any()] += leaf.size
    assert sizes == {True: 2 * 12 * 64**2, False: (letters + 32) * 64 + 5 * 64 + 64 * letters}


def test_the_loss_is_the_mean_over_the_windows_of_a_batch() -> None:
    params, batch = draw_params(SMALL), SMALL.batches(jax.random.key(1), 3)
    assert batch.shape == (3, 4)
    nats = []
    for start in find_windows(7).train[np.asarray(batch[0])]:
        codes = load_long_text().codes[start : start + 8]
        logits = compute_in_numpy(SMALL, params, codes[:-1])
        nats += [math.log(np.exp(row).sum()) - row[code] for row, code in zip(logits, codes[1:])]
    np.testing.assert_allclose(jax.jit(SMALL.loss)(params, batch[0]), np.mean(nats), rtol=1e-10)


def test_what_simpler_models_reach_is_what_the_docstring_says() -> None:
    text = load_long_text()
    letters, codes = len(text.alphabet), text.codes
    pairs = np.ones((letters, letters))
    np.add.at(pairs, (codes[text.train[1:] - 1], codes[text.train[1:]]), 1)
    alone, after = pairs.sum(0) / pairs.sum(), pairs / pairs.sum(1, keepdims=True)
    for part in (text.validation, text.test):
        np.testing.assert_allclose(-np.log2(alone[codes[part]]).mean(), 4.55, atol=0.1)
        np.testing.assert_allclose(-np.log2(after[codes[part - 1], codes[part]]).mean(), 3.77, atol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 10}, "width must be a multiple of heads, got width=10 and heads=4"),
        ({"context": 201}, "context must be at most 200, .* got 201"),
        ({"depth": 0}, "depth must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.0}, "batch_size must be a whole number of at least 1, got 2.0"),
    ],
)
def test_wrong_sizes_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Transformer(**arguments)


def test_it_learns_more_than_frequencies() -> None:
    curves = train(Transformer(width=32, depth=1, heads=2), [gl.adamw(0.02)], [0], 100)
    assert curves.metrics["test_bits"][0, 0, -1] < 4.0
