"""The metrics of known models of the text, and what a short run learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Characters
from gradlab.lab.problems.real_data.texts import load_text


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
