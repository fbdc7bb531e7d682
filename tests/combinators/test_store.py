"""A state that is stored in another dtype."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import assert_lawful


def test_moments_are_rounded_once_when_they_are_stored(rng):
    """m_t = b round(m_{t-1}) + (1 - b) g_t, and the update of step t is from m_t as it is."""
    gradients = rng.standard_normal((6, 4)).astype(np.float32)
    tx = gl.store(gl.scale_by_momentum(0.9), "bfloat16")
    state, stored = tx.init(gradients[0]), np.zeros(4, np.float32)
    assert state.moment.dtype == jnp.bfloat16
    for g in gradients:
        updates, state = tx.update(g, state)
        expected = np.float32(0.9) * stored + np.float32(0.1) * g
        np.testing.assert_allclose(updates, expected, rtol=1e-6)
        stored = np.asarray(jnp.asarray(expected).astype(jnp.bfloat16).astype(jnp.float32))


def test_what_is_no_moment_is_stored_as_it_is():
    tx = gl.store(gl.adam(gl.schedules.cosine(0.1, 100)), "bfloat16")
    for params in (jnp.ones(3, jnp.float32), jnp.ones((), jnp.float32)):
        leaves = jax.tree.leaves(tx.init(params))
        assert (
            sorted((leaf.dtype.name, leaf.shape == params.shape) for leaf in leaves if leaf.dtype == "bfloat16")
            == [("bfloat16", True)] * 2
        )  # two moments
        assert {leaf.dtype.name for leaf in leaves} == {"bfloat16", "float64", "int32"}  # weights of the correction


def test_stacked_weights_of_layers_are_stored_as_they_are():
    """They are a number for each layer, which a longer stack has more of, and not a moment."""
    params = {"w": jnp.ones((3, 4), jnp.float32), "scales": jnp.ones(3, jnp.float32)}
    stored = gl.store(gl.partition((True, gl.each(gl.adam()))), "bfloat16").init(params)
    kept = [(leaf.dtype.name, leaf.shape) for leaf in jax.tree.leaves(stored)]
    moments = [("bfloat16", (3,)), ("bfloat16", (3, 4))]
    assert kept == [*moments, ("float64", (3,)), *moments, ("float64", (3,))]


def test_a_slot_is_found_in_a_state_for_each_worker():
    stored = gl.store(gl.per_worker(gl.adam()), {"second_moment": "bfloat16"}).init(jnp.ones(3, jnp.float32))
    kept = [leaf.dtype.name for leaf in jax.tree.leaves(stored)]
    assert kept == ["float32", "float64", "bfloat16", "float64"]


def test_a_wide_dtype_changes_nothing(rollout, rng):
    gradients = rng.standard_normal((5, 3))
    np.testing.assert_array_equal(
        rollout(gl.store(gl.adam(0.1), "float64"), gradients), rollout(gl.adam(0.1), gradients)
    )


def test_both_signals_pass(rollout, rng):
    """Behind it, a second moment reads the gradient and not the momentum."""
    gradients = rng.standard_normal((5, 3))
    behind = gl.scale_by_rms(0.9)
    got = rollout(gl.chain(gl.store(gl.scale_by_momentum(0.9), "float64"), behind), gradients)
    np.testing.assert_array_equal(got, rollout(gl.chain(gl.scale_by_momentum(0.9), behind), gradients))
    inside = gl.chain(gl.scale_by_momentum(0.9), gl.store(behind, "float64"))
    np.testing.assert_array_equal(rollout(inside, gradients), got)


def test_links_of_optax_are_stored_too(rng):
    tx = gl.store(optax.trace(0.9), "float16")
    state = tx.init(jnp.ones(3))
    _, state = tx.update(jnp.ones(3), state)
    assert state.trace.dtype == jnp.float16


@pytest.mark.parametrize(
    ("dtype", "real", "whole"),
    [
        ("bfloat16", "bfloat16", "complex64"),
        ("float32", "float32", "complex64"),
        ("complex64", "float32", "complex64"),
        ("float64", "float64", "complex128"),
    ],
)
def test_of_complex_numbers_it_is_the_dtype_of_the_parts(dtype, real, whole):
    tx = gl.store(gl.scale_by_momentum(0.5), dtype)
    params = {"real": jnp.ones(2), "whole": jnp.array([1 + 2j, -3j])}
    state = tx.init(params)
    for _ in range(2):
        updates, state = tx.update(params, state)
        assert {name: leaf.dtype.name for name, leaf in state.moment.items()} == {"real": real, "whole": whole}
    np.testing.assert_allclose(updates["whole"], 0.75 * params["whole"])


@pytest.mark.parametrize("wrong", ["int8", "bfloat", 3, "bool"])
def test_the_dtype_is_one_of_floating_point(wrong):
    with pytest.raises(
        TypeError, match=r"store: codec must be a codec, such as gl.codecs.dynamic_blocks\(\), a floating-point"
    ):
        gl.store(gl.scale_by_momentum(), wrong)


def test_the_laws_hold_for_single_precision_storage():
    assert_lawful(gl.store(gl.adam(0.1), "float32"), dtypes=("float32", "bfloat16"))


@pytest.mark.parametrize(("params", "dtype", "spike"), [("float32", "float16", 1e4), ("float64", "float32", 1e30)])
def test_a_moment_too_large_for_the_dtype_is_stored_as_its_largest_number(params, dtype, spike, rollout):
    """As infinity it would stay so for ever, and the parameter would not move again."""
    gradients = jnp.array([[1.0], [spike], *[[1.0]] * 400], params)
    tx = gl.store(gl.scale_by_rms(0.5), dtype)
    np.testing.assert_allclose(rollout(tx, gradients)[-1], 1.0, rtol=1e-3)
    state = tx.init(gradients[0])
    for g in gradients[:2]:
        _, state = tx.update(g, state)
    assert state.second_moment.moment == jnp.finfo(dtype).max
    mean = gl.store(gl.scale_by_momentum(0.5), dtype)
    unknown = jnp.array([jnp.inf, -jnp.inf, jnp.nan], params)
    np.testing.assert_array_equal(mean.update(unknown, mean.init(unknown))[1].moment, unknown)


def test_of_a_complex_moment_each_part_is_stored_within_the_dtype():
    tx = gl.store(gl.scale_by_momentum(0.5), "float32")
    _, state = tx.update(jnp.array([1e300 - 2j]), tx.init(jnp.zeros(1, "complex128")))
    np.testing.assert_array_equal(state.moment, [complex(jnp.finfo("float32").max, -1.0)])
