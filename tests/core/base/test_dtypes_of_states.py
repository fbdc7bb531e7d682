"""The dtypes and the memory of updates and states: raised inside, rounded once outside, never shared."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.core.base.links import forgetful


def test_low_precision_is_raised_inside_and_rounded_once_outside() -> None:
    seen = []

    @gl.transformation
    def spy():
        def update(updates, state):
            seen.append(updates.dtype)
            return updates / 3.0, state

        return lambda params: jnp.zeros_like(params), update

    gradient = jnp.ones(2, "bfloat16")
    tx = gl.chain(spy(), spy())
    updates, state = tx.update(gradient, tx.init(gradient))
    assert seen == [jnp.float32, jnp.float32]
    assert updates.dtype == jnp.bfloat16
    assert jax.tree.leaves(state)[0].dtype == jnp.float32
    np.testing.assert_array_equal(updates, jnp.full(2, 1 / 9, "bfloat16"))


@pytest.mark.parametrize(
    "tx", [gl.adam(0.1), gl.scale_by_momentum(), gl.adagrad(0.1), gl.chain(gl.scale_by_rms(), gl.adamw())]
)
@pytest.mark.parametrize("gradient", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("params", ["bfloat16", "float32", "float64"])
def test_the_state_keeps_its_dtypes_whatever_those_of_the_gradient(tx: Any, gradient: str, params: str) -> None:
    def dtypes(tree: Any) -> list[str]:
        return [leaf.dtype.name for leaf in jax.tree.leaves(tree)]

    with jax.numpy_dtype_promotion("standard"):
        x, g = jnp.ones(2, params), jnp.ones(2, gradient)
        state = jax.eval_shape(tx.init, x)
        updates, new_state = jax.eval_shape(tx.update, g, state, x)
    assert updates.dtype == gradient
    assert dtypes(new_state) == dtypes(state)


@pytest.mark.parametrize("tx", [forgetful(), gl.chain(forgetful(), forgetful()), gl.adam(), gl.adagrad(0.1)])
def test_init_never_aliases_the_parameters_nor_itself(tx: Any) -> None:
    params = {"a": jnp.ones(3), "b": np.ones(2), "c": jnp.ones((), "bfloat16")}
    state = tx.init(params)
    arrays = [leaf for leaf in jax.tree.leaves((params, state)) if isinstance(leaf, jax.Array)]
    assert len({leaf.unsafe_buffer_pointer() for leaf in arrays}) == len(arrays)


@pytest.mark.parametrize("tx", [forgetful(), gl.adam(0.1), gl.adam(gl.schedules.constant(0.1))])
def test_params_and_state_can_both_be_donated(tx: Any) -> None:
    params = {"a": jnp.ones(3), "b": jnp.ones(2)}

    def step(params: Any, state: Any) -> Any:
        updates, state = tx.update(params, state, params)
        return optax.apply_updates(params, updates), state

    expected = step(params, tx.init(params))
    state = tx.init(params)
    got = jax.jit(step, donate_argnums=(0, 1))(params, state)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((params, state)))
    jax.tree.map(lambda got, expected: np.testing.assert_allclose(got, expected, rtol=1e-12), got, expected)


@pytest.mark.parametrize(("gradient_dtype", "param_dtype"), [("float32", "float64"), ("float64", "float32")])
def test_gradients_of_another_precision_are_taken_in_that_of_the_parameters(gradient_dtype, param_dtype) -> None:
    params, gradient = jnp.ones(3, param_dtype), jnp.ones(3, gradient_dtype)
    tx = gl.adam(0.1)
    updates, state = tx.update(gradient, tx.init(params), params)
    assert updates.dtype == gradient_dtype
    assert {leaf.dtype for leaf in jax.tree.leaves(state) if leaf.shape} == {jnp.dtype(param_dtype)}
    np.testing.assert_allclose(updates, -0.1, rtol=1e-6)


def _cast(state: Any, dtype: str) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf, state)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_state_that_was_cast_to_half_precision_is_warned_of(dtype: str, precision: str) -> None:
    tx, params = gl.adam(0.1), {"a": jnp.ones(3, precision), "b": jnp.ones(2, precision)}
    text = rf"has {dtype}\[3\] at \[0\].moment\['a'\], where adam\(.*makes float32\[3\].*gl.store\(tx, '{dtype}'\)"
    with jax.numpy_dtype_promotion("standard"):
        state = _cast(tx.init(params), dtype)
        for update in (tx.update, jax.jit(tx.update)):
            for arguments in ((params, state), (params, state, params)):
                with pytest.warns(UserWarning, match=text) as caught:
                    update(*arguments)
                assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "tx",
    [
        gl.store(gl.adam(0.1)),
        gl.store(gl.adam(0.1), gl.codecs.dynamic_blocks()),
        gl.master_params(gl.adam(0.1)),
        gl.flavors.optax.adam(0.1, mu_dtype="bfloat16"),
        gl.chain(optax.scale_by_adam(mu_dtype="bfloat16"), gl.scale_by_learning_rate(0.1)),
    ],
    ids=repr,
)
def test_a_state_that_is_narrow_by_itself_is_not(tx: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        params = {"a": jnp.ones(3, "bfloat16"), "b": jnp.ones((64, 64), "bfloat16")}
        state = tx.init(params)
        for update in (tx.update, jax.jit(tx.update)):
            update(params, state, params)  # under warnings as errors
