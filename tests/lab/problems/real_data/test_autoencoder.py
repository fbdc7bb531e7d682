"""The autoencoder: its sizes, its sparse start, what it is compared with, and that the loss is curved."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import Autoencoder
from gradlab.lab.problems.real_data.digits_classifier import load_images
from tests.lab.training import train


def test_the_layers_are_those_of_the_docstring_and_units_start_with_at_most_15_inputs() -> None:
    params = jax.jit(Autoencoder().init)(jax.random.key(0))
    widths = [64, 48, 24, 8, 24, 48, 64]
    assert [layer["weight"].shape for layer in params] == list(itertools.pairwise(widths))
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 9_048
    for layer, inputs in zip(params, widths):
        np.testing.assert_array_equal((layer["weight"] != 0).sum(0), min(inputs, 15))


def test_the_metrics_are_those_of_numpy() -> None:
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), Autoencoder().init(jax.random.key(1)))
    metrics = jax.jit(Autoencoder().metrics)(params)
    for name, sample in zip(("validation", "test"), load_images()[1:]):
        hidden = sample.inputs.astype(np.float64)
        for number, layer in enumerate(params):
            hidden = hidden @ layer["weight"] + layer["bias"]
            hidden = hidden if number == 2 else 1 / (1 + np.exp(-hidden))  # the code is linear
        images = sample.inputs
        np.testing.assert_allclose(metrics[f"{name}_error"], ((hidden - images) ** 2).sum(1).mean(), rtol=1e-6)
        nats = -(images * np.log(hidden) + (1 - images) * np.log1p(-hidden)).sum(1).mean()
        np.testing.assert_allclose(metrics[f"{name}_loss"], nats, rtol=1e-6)


def test_the_mean_image_and_principal_components_have_the_errors_of_the_docstring() -> None:
    train_images, _, test = (sample.inputs for sample in load_images())
    mean = train_images.mean(0)
    components = np.linalg.svd(train_images - mean)[2][:8]
    rest = test - mean
    np.testing.assert_allclose((rest**2).sum(1).mean(), 4.74, atol=0.05)
    np.testing.assert_allclose(((rest - rest @ components.T @ components) ** 2).sum(1).mean(), 1.58, atol=0.02)


@pytest.mark.slow
def test_adam_beats_principal_components_and_plain_descent_does_not() -> None:
    rates: dict[Callable[..., Any], float] = {gl.sgd: 0.2, gl.adam: 0.0133}
    sgd, adam = (
        train(Autoencoder(), [make(rate)], [0], 600).metrics["test_error"][0, 0, -1] for make, rate in rates.items()
    )
    assert sgd > 2.0
    assert adam < 1.58


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"width": 15}, "width must be even, .* got 15"), ({"code": 0}, "code must be a whole number .*, got 0")],
)
def test_wrong_sizes_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Autoencoder(**arguments)


def test_the_loss_reads_the_images_of_the_batch() -> None:
    problem = Autoencoder(width=4, code=2)
    params = jax.tree.map(jnp.zeros_like, problem.init(jax.random.key(0)))
    batch = jnp.array([3, 7])
    np.testing.assert_allclose(problem.loss(params, batch), 64 * np.log(2), rtol=1e-6)
    brightness = load_images().train.inputs[np.asarray(batch)].mean(0)
    gradient = jax.grad(problem.loss)(params, batch)[-1]["bias"]
    np.testing.assert_allclose(gradient, 0.5 - brightness, rtol=1e-5, atol=1e-6)
