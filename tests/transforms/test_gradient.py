"""`gradient` and `gradient_at`: the gradient of the chain, and that at another point."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

PARAMS: dict[str, Any] = {"w": jnp.array([1.0, -2.0], jnp.float32), "relu": jax.nn.relu}
GRADIENT: dict[str, Any] = {"w": jnp.array([3.0, 4.0], jnp.float32), "relu": None}


def gradient_fn(params: Any) -> Any:
    assert params["relu"] is jax.nn.relu
    return {"w": params["w"] ** 3, "relu": None}


def init(tx: Any, params: Any = PARAMS) -> Any:
    return tx.init({"w": params["w"], "relu": None})


def test_the_gradient_is_taken_where_the_offset_leads() -> None:
    tx = gl.chain(gl.gradient_at(gl.chain(gl.clip_by_global_norm(1.0), gl.scale(0.5))), gl.scale_by_momentum(0.9))
    updates, _ = tx.update(GRADIENT, init(tx), PARAMS, gradient_fn=gradient_fn)
    expected = (np.array([1.0, -2.0]) + 0.5 * np.array([0.6, 0.8])) ** 3
    np.testing.assert_allclose(updates["w"], 0.1 * expected, rtol=1e-6)


def test_the_model_gets_its_own_dtype() -> None:
    dtypes = []

    def seen(params: Any) -> Any:
        dtypes.append(params["w"].dtype)
        return {"w": params["w"], "relu": None}

    params, gradient = ({**tree, "w": tree["w"].astype(jnp.bfloat16)} for tree in (PARAMS, GRADIENT))
    tx = gl.gradient_at(gl.scale(0.0))
    updates, _ = tx.update(gradient, init(tx, params), params, gradient_fn=seen)
    assert dtypes == [jnp.bfloat16]
    assert updates["w"].dtype == jnp.bfloat16
    np.testing.assert_array_equal(updates["w"], params["w"])


def test_the_gradient_behind_it_is_the_new_one() -> None:
    tx = gl.chain(gl.gradient_at(gl.scale(0.0)), gl.scale_by_momentum(0.9), gl.gradient())
    updates, _ = tx.update(GRADIENT, init(tx), PARAMS, gradient_fn=gradient_fn)
    np.testing.assert_allclose(updates["w"], [1.0, -8.0])


def test_behind_a_momentum_it_is_refused() -> None:
    tx = gl.chain(gl.scale_by_momentum(), gl.gradient_at(gl.scale(0.1)))
    with pytest.raises(ValueError, match="must stand before the links that split"):
        tx.update(GRADIENT, init(tx), PARAMS, gradient_fn=gradient_fn)


def test_what_it_needs_is_named() -> None:
    tx = gl.gradient_at(gl.scale(0.1))
    with pytest.raises(ValueError, match=r"needs the gradient as a function.*gl\.make_step passes it"):
        tx.update(GRADIENT, init(tx), PARAMS)
    with pytest.raises(ValueError, match="gradient_at needs the parameters"):
        tx.update(GRADIENT, init(tx), gradient_fn=gradient_fn)
    with pytest.raises(ValueError, match="the result of gradient_fn and params must be trees of the same structure"):
        tx.update(GRADIENT, init(tx), PARAMS, gradient_fn=lambda params: {"w": jnp.ones(3), "relu": None})
