"""A step passes signals to an optimizer beside the gradient, and takes the gradient at the point of the optimizer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.tree_differences import have_same_structure

TARGET = jnp.array([1.0, -2.0, 3.0])


def loss(params: Any, batch: Any) -> Any:
    return ((params["x"] - batch) ** 2).sum() + params["y"] ** 2


def params_at_one() -> Any:
    return {"x": jnp.ones(3), "y": jnp.ones(())}


def test_arguments_of_ones_own_reach_the_links_that_name_them() -> None:
    seen = []

    @gl.transformation
    def cooled():
        def update(updates, state, *, temperature, mode="warm"):
            seen.append(mode)
            return jax.tree.map(lambda d: temperature * d, updates), state

        return lambda params: (), update

    tx = gl.chain(gl.accumulate(gl.skip_nonfinite(cooled()), 1), gl.scale(-0.1))
    step = gl.make_step(loss)
    for temperature in (0.5, 0.25):
        params, _, _ = step(tx, params_at_one(), tx.init(params_at_one()), TARGET, temperature=temperature, mode="cold")
        np.testing.assert_allclose(params["y"], 1 - 0.1 * temperature * 2, rtol=1e-13)
    assert set(seen) == {"cold"}
    count = len(seen)
    step(tx, params_at_one(), tx.init(params_at_one()), TARGET, temperature=0.1, mode="cold")
    assert len(seen) == count  # numbers are data
    with pytest.raises(TypeError, match="the step passes value to the optimizer itself; leave it out"):
        step(tx, params_at_one(), tx.init(params_at_one()), TARGET, temperature=0.1, value=1.0)


def test_the_gradient_is_taken_at_the_point_of_the_optimizer() -> None:
    tx = gl.chain(gl.scale(-0.1), gl.nesterov_momentum(0.9))
    params: Any = params_at_one()
    state, step = tx.init(params), gl.make_step(loss, donate=False)
    for _ in range(3):
        point = gl.gradient_params(tx, state, params)
        expected_value, gradient = jax.value_and_grad(loss)(point, TARGET)
        updates, expected_state = tx.update(gradient, state, params)
        expected = optax.apply_updates(params, updates)
        params, state, value = step(tx, params, state, TARGET)
        np.testing.assert_allclose(params["x"], expected["x"], rtol=1e-12)
        np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    assert bool(jnp.any(point["x"] != params["x"]))
    assert have_same_structure(state, expected_state)
