"""The step to the minimum of a model of the loss: numbers by hand, and errors."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references

PARAMS = {"w": jnp.array([1.0, 2.0]), "b": jnp.array([3.0])}


def test_without_memory_it_is_the_step_of_polyak() -> None:
    tx = gl.momo(10.0, momentum=0.0, lower_bound=1.0)
    gradient = {"w": jnp.array([1.0, 0.0]), "b": jnp.array([2.0])}  # of norm sqrt(5)
    updates, state = tx.update(gradient, tx.init(PARAMS), PARAMS, value=3.0)
    np.testing.assert_allclose(updates["b"], [-(3.0 - 1.0) / 5 * 2.0])
    np.testing.assert_allclose(gl.metrics(state)["minimize_loss_model/rate"], 0.4)


@pytest.mark.parametrize("name", ["momo", "momo_adam"])
def test_losses_that_vary_are_followed(name: str, rng: np.random.Generator) -> None:
    tx, step = getattr(gl, name)(0.5, lower_bound=0.1, weight_decay=0.2), getattr(references, name)
    x = {path: np.asarray(leaf) for path, leaf in PARAMS.items()}
    state, update = tx.init(PARAMS), jax.jit(tx.update)
    expected_state: Any = {}
    for t, value in enumerate([2.0, 0.3, 5.0, 0.1, 1.0], 1):
        g = {path: rng.standard_normal(leaf.shape) for path, leaf in x.items()}
        options = {"learning_rate": 0.5, "lower_bound": 0.1, "weight_decay": 0.2, "value": value}
        expected, expected_state = step(g, expected_state, t, x, **options)
        updates, state = update(g, state, x, value=value)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), updates, expected)
        x = {path: x[path] + expected[path] for path in x}


def test_the_loss_is_needed() -> None:
    tx = gl.momo()
    with pytest.raises(ValueError, match="minimize_loss_model reads the loss"):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)


def test_a_training_step_passes_the_loss() -> None:
    step = gl.make_step(lambda params, batch: 0.5 * jnp.sum((params - batch) ** 2))
    tx, params = gl.momo(), jnp.array([4.0, 0.0])
    params, _, _ = step(tx, params, tx.init(params), jnp.zeros(2))
    np.testing.assert_allclose(params, [2.0, 0.0])  # the rate is 8 / 16
