"""The digits are split as they should be, and the network learns on them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import sklearn.datasets
import sklearn.model_selection

from gradlab.lab.problems import Digits
from gradlab.lab.problems.real_data.digits_classifier import load_images


def test_images_are_split_by_class_and_none_is_in_both_parts() -> None:
    parts = load_images()
    assert [part.inputs.shape for part in parts] == [(1077, 64), (360, 64), (360, 64)]
    assert (parts.train.inputs.dtype.name, parts.train.targets.dtype.name) == ("float32", "int32")
    assert parts.train.inputs.min() == 0
    assert parts.train.inputs.max() == 1
    for part in (parts.validation, parts.test):
        assert np.abs(np.bincount(part.targets) - np.bincount(parts.train.targets) / 3).max() < 1
    assert len({row.tobytes() for part in parts for row in part.inputs}) == 1797  # all differ


def test_the_test_images_are_those_of_earlier_versions() -> None:
    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    kept = sklearn.model_selection.train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0)
    np.testing.assert_array_equal(load_images().test.inputs * 16, kept[1])
    np.testing.assert_array_equal(load_images().test.targets, kept[3])


def test_a_fresh_network_guesses() -> None:
    problem = Digits()
    params = problem.init(jax.random.key(0))
    batch = problem.batches(jax.random.key(1), 3)[0]
    assert 2.0 < problem.loss(params, batch) < 3.0  # ln 10 = 2.3
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 64 * 32 + 32 + 32 * 10 + 10


def test_batches_are_indices_of_training_images() -> None:
    batches = Digits(batch_size=50).batches(jax.random.key(0), 200)
    assert batches.shape == (200, 50)
    assert batches.min() == 0
    assert batches.max() == 1076


def test_metrics_of_a_network_that_always_says_three() -> None:
    problem = Digits()
    params = jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0)))
    params["output"]["bias"] = params["output"]["bias"].at[3].set(20.0)
    metrics = problem.metrics(params)
    for part in ("validation", "test"):
        share = (getattr(load_images(), part).targets == 3).mean()
        np.testing.assert_allclose(metrics[f"{part}_accuracy"], share, rtol=1e-6)
        np.testing.assert_allclose(metrics[f"{part}_loss"], 20 * (1 - share), rtol=1e-5)
