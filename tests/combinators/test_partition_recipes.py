"""Every recipe in a group of a partition does what it does alone, in the updates and in the points of evaluation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry

START = {"a": jnp.array([1.0, -2.0, 0.5]), "b": jnp.array([[0.5, 3.0]])}
RECIPES = registry.of_kind("recipe")


def gradient_fn(params: Any) -> Any:
    """The gradient of a separable loss, so that each leaf can be trained alone."""
    return jax.tree.map(lambda x: x**3 - jnp.sin(x), params)


def train(tx: Any, params: Any) -> list[Any]:
    state, points = tx.init(params), []
    for _ in range(3):
        gradient = gradient_fn(gl.gradient_params(tx, state, params))
        updates, state = tx.update(gradient, state, params, gradient_fn=gradient_fn, value=1.0)
        params = gl.apply_updates(params, updates)
        points.append((params, gl.eval_params(tx, state, params)))
    return points


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_in_a_group_does_what_it_does_alone(name: str) -> None:
    tx, other = RECIPES[name].example, gl.sgd(0.1, momentum=0.9)
    got = train(gl.chain(gl.partition((gl.path("a"), tx), default=other)), START)
    alone = train(tx, {"a": START["a"]}), train(other, {"b": START["b"]})
    for point, of_a, of_b in zip(got, *alone, strict=True):
        for here, a, b in zip(point, of_a, of_b, strict=True):
            np.testing.assert_allclose(here["a"], a["a"], rtol=1e-14)
            np.testing.assert_allclose(here["b"], b["b"], rtol=1e-14)
