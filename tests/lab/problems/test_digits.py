"""The digits are split as they should be, and the network learns on them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.lab.problems import Digits
from gradlab.lab.problems.digits import load_images


def test_images_are_split_by_class_and_none_is_in_both_parts() -> None:
    images = load_images()
    assert (images.train.shape, images.test.shape) == ((1437, 64), (360, 64))
    assert (images.train.dtype.name, images.train_labels.dtype.name) == ("float32", "int32")
    assert images.train.min() == 0
    assert images.train.max() == 1
    assert np.abs(np.bincount(images.test_labels) - np.bincount(images.train_labels) / 4).max() < 1
    train = {row.tobytes() for row in images.train}
    assert not any(row.tobytes() in train for row in images.test)


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
    assert batches.max() == 1436


def test_metrics_of_a_network_that_always_says_three() -> None:
    problem = Digits()
    params = jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0)))
    params["output"]["bias"] = params["output"]["bias"].at[3].set(20.0)
    metrics = problem.metrics(params)
    share = (load_images().test_labels == 3).mean()
    np.testing.assert_allclose(metrics["test_accuracy"], share, rtol=1e-6)
    np.testing.assert_allclose(metrics["test_loss"], 20 * (1 - share), rtol=1e-5)
