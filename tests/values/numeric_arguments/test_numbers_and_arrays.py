"""Numbers and arrays as hyperparameters: how they are stored, and the dtypes that they meet."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.values.numeric_arguments import as_weak
from tests.values.numeric_arguments.updates import update_of


@pytest.mark.parametrize("one", [1, 1.0, np.float32(1), np.int64(1), np.array(1.0)], ids=lambda one: type(one).__name__)
def test_scalars_become_floats(one: Any) -> None:
    assert gl.scale(one) == gl.scale(1.0)
    assert type(gl.scale(one).factor) is float


def test_integer_arguments_stay_integers() -> None:
    assert type(gl.add_noise(key=np.int32(3)).key) is int
    assert type(gl.centralize(1).output_axis) is int
    assert gl.add_noise(key=3.0) == gl.add_noise(key=3)


@pytest.mark.parametrize("leaf_dtype", ["bfloat16", "float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("rate_dtype", ["bfloat16", "float32", "float64", "int32"])
def test_an_array_of_any_dtype_leaves_the_dtype_of_the_leaf_alone(leaf_dtype: str, rate_dtype: str) -> None:
    gradient = jnp.ones(3, leaf_dtype)
    rate = jnp.asarray(2, rate_dtype)
    for tx in (gl.scale(rate), gl.sgd(rate, momentum=jnp.zeros((), rate_dtype))):
        state = tx.init(gradient)
        updates, new_state = tx.update(gradient, state)
        assert updates.dtype == leaf_dtype
        assert jax.tree.map(lambda x: x.dtype, new_state) == jax.tree.map(lambda x: x.dtype, state)
        np.testing.assert_array_equal(np.abs(np.asarray(updates, complex)), 2.0)


def test_an_array_gives_what_the_number_gives() -> None:
    gradient = jnp.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(
        update_of(gl.adam(jnp.asarray(0.1), b1=jnp.asarray(0.8)), gradient), update_of(gl.adam(0.1, b1=0.8), gradient)
    )


def test_an_array_may_hold_one_number_for_each_element() -> None:
    got = update_of(gl.sgd(jnp.array([0.1, 1.0, 0.0])), jnp.array([1.0, -2.0, 3.0]))
    np.testing.assert_allclose(got, [-0.1, 2.0, 0.0])


def test_a_float32_rate_is_not_rounded_further_on_a_float64_leaf() -> None:
    rate = jnp.float32(0.1)
    np.testing.assert_array_equal(update_of(gl.sgd(rate), jnp.ones(1)), [-np.float64(np.float32(0.1))])


def test_factories_can_be_called_inside_a_trace() -> None:
    @jax.jit
    def step(rate: jax.Array) -> jax.Array:
        tx = gl.chain(gl.clip_by_global_norm(rate), gl.adam(2 * rate, b1=rate))
        assert any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tx))
        return update_of(tx, jnp.ones(2))

    expected = update_of(gl.chain(gl.clip_by_global_norm(0.5), gl.adam(1.0, b1=0.5)), jnp.ones(2))
    np.testing.assert_allclose(step(0.5), expected, rtol=1e-12)


def test_weak_arrays_take_on_the_dtype_that_they_meet() -> None:
    for dtype in ("bfloat16", "float16", "float32", "float64", "complex64"):
        assert (as_weak(jnp.float32(0.5)) * jnp.ones(2, dtype)).dtype == dtype
    assert as_weak(jnp.arange(3)).dtype == jnp.float64
    assert as_weak(jnp.ones(2, jnp.float32)).weak_type


def test_weak_arrays_trace_map_and_differentiate() -> None:
    def f(x: jax.Array) -> jax.Array:
        return (as_weak(x) * jnp.float32(3.0)).sum()

    assert jax.grad(f)(jnp.float32(2.0)) == 3.0
    np.testing.assert_array_equal(jax.jit(jax.vmap(f))(jnp.arange(3.0)), [0.0, 3.0, 6.0])


def test_whole_numbers_of_other_libraries_stay_whole() -> None:
    muon: Any = gl.transformation(optax.contrib.muon)
    made = muon(0.1)
    assert made.ns_steps == 5
    assert type(made.ns_steps) is int
    assert made == muon(0.1, ns_steps=np.int64(5))
    assert ".ns_steps" not in {jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(made)}
    assert muon(0.1, beta=0, ns_steps=3).beta == 0.0  # 0.95 is no whole number
    structures: list[Any] = [jax.tree.structure(tx) for tx in (made, made.replace(ns_steps=3))]
    assert structures[0] != structures[1]
    # As an array it is a number like others, of which one program serves all.
    params = {"w": jnp.arange(6.0, dtype=jnp.float32).reshape(2, 3)}

    traces = []

    @jax.jit
    def first_step(tx: Any) -> Any:
        traces.append(tx)
        return tx.update(params, tx.init(params), params)[0]["w"]

    for steps in (3, 5):
        with jax.numpy_dtype_promotion("standard"):  # which optax needs here
            tx = optax.contrib.muon(0.1, ns_steps=steps)
            expected = tx.update(params, tx.init(params), params)[0]["w"]
            for given in (steps, jnp.asarray(steps, jnp.int32)):
                np.testing.assert_allclose(first_step(muon(0.1, ns_steps=given)), expected, rtol=1e-4, atol=1e-5)
    assert len(traces) == 3  # 3, 5, and both arrays
