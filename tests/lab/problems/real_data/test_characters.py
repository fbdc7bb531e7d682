"""The text is real, split without overlap, and can be learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Characters
from gradlab.lab.problems.real_data.characters import load_text


def test_the_text_is_english_of_few_characters() -> None:
    text = load_text()
    read = "".join(text.alphabet[code] for code in text.codes)
    assert "breast cancer wisconsin" in read
    assert 30 <= len(text.alphabet) <= 50
    assert len(text.codes) > 10_000
    assert "  " not in read


def test_every_position_is_in_one_part() -> None:
    text = load_text()
    assert sorted([*text.train, *text.validation, *text.test]) == list(range(len(text.codes)))
    for part in (text.validation, text.test):
        np.testing.assert_allclose(len(part) / len(text.codes), 0.1, atol=0.02)


def test_without_weights_all_are_equally_likely_and_biases_are_frequencies(first: Callable[..., Any]) -> None:
    problem, text = Characters(), load_text()
    params = jax.tree.map(jnp.zeros_like, first(problem)[0])
    metrics = jax.jit(problem.metrics)
    for name in ("validation_bits", "test_bits"):
        np.testing.assert_allclose(metrics(params)[name], np.log2(len(text.alphabet)), rtol=1e-5)
    frequencies = np.bincount(text.codes) / len(text.codes)
    params["output"]["bias"] = jnp.asarray(np.log(frequencies), jnp.float32)
    for part in ("validation", "test"):
        expected = -np.log2(frequencies[text.codes[getattr(text, part)]]).mean()
        np.testing.assert_allclose(metrics(params)[f"{part}_bits"], expected, rtol=1e-5)


def test_it_learns_more_than_frequencies(final_scores: Callable[..., np.ndarray]) -> None:
    assert final_scores(Characters(), gl.adam, [0.01], seeds=2).max() < 4.0  # 4.3 bits by frequencies alone
