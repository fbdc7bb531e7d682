"""Features have power-law frequencies, and Adagrad learns the rare ones better than plain descent (claim 3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import gradlab as gl
from gradlab.lab.problems import SparseLogistic
from gradlab.lab.problems.phenomena.sparse_logistic import draw_samples


def test_features_are_as_frequent_as_they_should_be() -> None:
    parts = draw_samples(4096, 64, 1.0, 4.0)
    assert not np.array_equal(parts.train.inputs, parts.test.inputs)
    assert not np.array_equal(parts.validation.inputs, parts.test.inputs)
    for part in parts:
        assert part.inputs.shape == (4096, 64)
        np.testing.assert_allclose(part.inputs.mean(0)[:16], 1 / np.arange(1, 17), rtol=0.15)


def test_labels_follow_the_weights() -> None:
    train = draw_samples(4096, 64, 1.0, 4.0).train
    odds = train.inputs @ (4.0 * (-1.0) ** np.arange(64))
    for low, high in ((-9, -5), (-5, -2), (-1, 1), (2, 5)):
        chosen = (odds >= low) & (odds < high)
        expected = (1 / (1 + np.exp(-odds[chosen]))).mean()
        np.testing.assert_allclose(train.targets[chosen].mean(), expected, atol=0.03)


def test_adagrad_wins_over_plain_descent(final_scores: Callable[..., np.ndarray]) -> None:
    adagrad = final_scores(SparseLogistic(), gl.adagrad, [0.3, 1.0, 3.0])
    plain = final_scores(SparseLogistic(), gl.sgd, [1.0, 3.0, 10.0, 30.0])
    assert adagrad.mean(1).min() < 0.92 * plain.mean(1).min()
    assert adagrad.max(1).min() < plain.min()  # its worst seed beats the best of descent
