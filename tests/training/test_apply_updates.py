"""`apply_updates` adds updates as optax does, and refuses what optax would broadcast."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

APPLY: Any = gl.apply_updates  # called with wrong types


@pytest.mark.parametrize("compiled", [False, True])
def test_the_sum_is_that_of_optax(compiled: bool) -> None:
    params = {"a": jnp.ones(2, jnp.bfloat16), "b": [np.float32(3.0), None, jnp.ones((2, 3), complex)]}
    updates = {"a": jnp.full(2, 0.3, jnp.float32), "b": [jnp.float32(0.5), None, jnp.ones((2, 3), complex)]}
    apply = jax.jit(gl.apply_updates) if compiled else gl.apply_updates
    with jax.numpy_dtype_promotion("standard"):
        expected = optax.apply_updates(params, updates)
        result = apply(params, updates)
    structure: Any = jax.tree.structure(result)
    assert structure == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_a_parameter_without_an_update_stays() -> None:
    params = {"frozen": jnp.ones(2), "function": jax.nn.relu, "weight": jnp.ones(3)}
    updates = {"frozen": None, "function": None, "weight": jnp.ones(3)}
    result = gl.apply_updates(params, updates)
    assert result["function"] is jax.nn.relu
    assert result["frozen"] is params["frozen"]
    np.testing.assert_array_equal(result["weight"], 2.0)


def test_masked_nodes_of_optax_stay() -> None:
    params = {"a": optax.MaskedNode(), "b": jnp.ones(2)}
    assert gl.apply_updates(params, params)["a"] == optax.MaskedNode()


def test_vmap_and_grad_go_through() -> None:
    stack = jnp.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(jax.vmap(gl.apply_updates)(stack, stack), 2 * stack)
    np.testing.assert_array_equal(jax.grad(lambda u: gl.apply_updates(stack, u).sum())(stack), 1.0)


@pytest.mark.parametrize(
    ("params", "updates", "message"),
    [
        (jnp.ones(2), jnp.ones((2, 2)), "differ at the root: float64[2] in params, float64[2,2] in updates"),
        (
            {"a": jnp.ones(2), "b": jnp.ones(3)},
            {"a": jnp.ones(2), "b": jnp.ones(())},
            "differ at ['b']: float64[3] in params, float64[] in updates",
        ),
        ({"a": jnp.ones(2)}, {"b": jnp.ones(2)}, "differ at ['a']: float64[2] in params, nothing in updates"),
    ],
)
def test_other_shapes_and_trees_are_refused(params: Any, updates: Any, message: str) -> None:
    for apply in (gl.apply_updates, jax.jit(gl.apply_updates)):
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            apply(params, updates)
        assert "Pass the first that tx.update(grads, state, params) returned" in str(caught.value)


def test_a_state_or_an_optimizer_is_named() -> None:
    tx, params = gl.adam(0.1), {"a": jnp.ones(2)}
    with pytest.raises(ValueError, match="params look like the state of an optimizer; pass the parameters"):
        gl.apply_updates(tx.init(params), params)
    with pytest.raises(ValueError, match="updates look like the state of an optimizer"):
        gl.apply_updates(params, optax.adam(0.1).init(params))
    with pytest.raises(TypeError, match="got an optimizer as params"):
        APPLY(tx, params)


def test_an_optimizer_is_a_tree_of_parameters_itself() -> None:
    """As where its hyperparameters are trained: the updates are an optimizer, too."""
    moved = gl.apply_updates(gl.sgd(0.1, momentum=0.5), gl.sgd(0.02, momentum=0.25))
    np.testing.assert_allclose([moved.learning_rate, moved.momentum], [0.12, 0.75], rtol=1e-6)
