"""Parameters of 16 bits: masters with a correction, and stochastic rounding."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.codecs.master_bits import from_wide_ordinal, join_bits

DIGITS = {"bfloat16": 15, "float16": 18}  # of a master of 24 bits, after the point


@jax.jit
def step(tx, params, state, grads):
    updates, state = tx.update(grads, state, params)
    return apply_updates(params, updates), state


def apply_updates(params, updates):
    """Add them as users do, who may add a float32 update to a bfloat16 parameter."""
    with jax.numpy_dtype_promotion("standard"):
        return optax.apply_updates(params, updates)


def masters(params, state, bits=8):
    place = join_bits(params, state.corrections)
    return np.asarray(from_wide_ordinal(place, params.dtype, bits)).astype(np.float64)


def round_digits(x, digits):
    significand, exponent = np.frexp(x)
    return np.ldexp(np.round(significand * 2.0 ** (digits + 1)) / 2.0 ** (digits + 1), exponent)


def draw(rng, dtype, size=20000):
    """Return parameters with random corrections, and updates below half of them, of all sizes down to a lost one."""
    p = jnp.asarray(rng.choice([-1, 1], size) * rng.uniform(1, 2, size) * 2.0 ** rng.integers(-4, 5, size), dtype)
    c = jnp.asarray(rng.integers(-128, 128, size), jnp.int8)
    share = rng.choice([-1, 1], size) * 2.0 ** -rng.uniform(1.2, 20, size)
    return p, c, jnp.asarray(np.asarray(p, np.float64) * share, dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("wide_gradient", [False, True])
def test_a_step_below_half_of_the_parameter_is_that_of_the_master(dtype, wide_gradient, rng):
    p, c, g = draw(rng, dtype)
    g = g.astype(jnp.float32) if wide_gradient else g
    tx = gl.master_params(gl.scale(0.75))
    state = tx.init(p)._replace(corrections=c)
    before = masters(p, state)
    new, new_state = step(tx, p, state, g)
    assert new.dtype == p.dtype
    assert new_state.corrections.dtype == jnp.int8
    exact = round_digits(
        (before + 0.75 * np.asarray(g, np.float64)).astype(np.float32).astype(np.float64), DIGITS[dtype]
    )
    np.testing.assert_array_equal(masters(new, new_state), exact)
    gap = np.spacing(np.abs(np.asarray(new))).astype(np.float64)
    assert (np.abs(np.asarray(new, np.float64) - exact) <= gap / 2).all()
    eager_updates, eager_state = tx.update(g, state, p)
    np.testing.assert_array_equal(apply_updates(p, eager_updates), new)
    np.testing.assert_array_equal(eager_state.corrections, new_state.corrections)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_any_other_step_loses_at_most_half_a_unit_of_the_update(dtype, rng):
    p, c, _ = draw(rng, dtype)
    g = jnp.asarray(rng.standard_normal(p.shape) * 2.0 ** rng.integers(-6, 8, p.shape), dtype)
    tx = gl.master_params(gl.scale(1.0))
    state = tx.init(p)._replace(corrections=c)
    expected = masters(p, state) + np.asarray(g, np.float64)
    new, new_state = step(tx, p, state, g)
    error = np.abs(masters(new, new_state) - expected)
    size = np.maximum(np.abs(expected), np.abs(np.asarray(g, np.float64)))
    assert (error <= 2.0 ** -(jnp.finfo(dtype).nmant + 1) * size).all()
    assert (error <= 2.0 ** -DIGITS[dtype] * size).mean() > 0.9


def test_special_parameters():
    """Ties, infinities, NaN, signed zeros, subnormal and largest numbers."""
    top, tiny = float(jnp.finfo("bfloat16").max), 1e-39
    p = jnp.array([1.0, 1.0, -1.0, jnp.inf, 1.0, 0.0, -0.0, tiny, top, -top, 1.0, 0.0], jnp.bfloat16)
    g = jnp.array([2.0**-8, -(2.0**-9), 2.0**-8, 1.0, jnp.nan, 0.0, 0.0, 0.0, 8e35, -8e35, -1.0, 3e-5], jnp.bfloat16)
    tx = gl.master_params(gl.scale(1.0))
    state = tx.init(p)
    new, new_state = step(tx, p, state, g)
    w = masters(jnp.where(jnp.isnan(new), 0, new), new_state)
    np.testing.assert_array_equal(w[:3], [1 + 2.0**-8, 1 - 2.0**-9, -1 + 2.0**-8])  # ties of the parameter are kept
    np.testing.assert_array_equal(np.asarray(new, np.float64)[[3, 4]], [np.inf, np.nan])
    np.testing.assert_array_equal(w[[5, 6, 10]], 0)
    assert abs(w[7]) <= 2.0**-126
    np.testing.assert_allclose(np.asarray(new, np.float64)[[8, 9]], [top, -top])  # it stays finite
    np.testing.assert_array_equal(w[11], np.asarray(g, np.float64)[11])
    still, state = step(tx, new, new_state, jnp.zeros_like(g))
    np.testing.assert_array_equal(still.astype(jnp.float32), new.astype(jnp.float32))
    np.testing.assert_array_equal(state.corrections, new_state.corrections)


@pytest.mark.parametrize(("bits", "expected"), [(24, 1e-5), (32, 1e-6)])
def test_small_steps_count(bits, expected, rng):
    """A hundred steps, each too small for bfloat16, move the master as far as a float32."""
    params: dict[str, Any] = {
        "w": jnp.asarray(rng.uniform(1, 2, 1000), jnp.bfloat16),
        "norm": jnp.ones(3),
        "none": None,
    }
    tx = gl.master_params(gl.sgd(1e-3), bits)
    state = tx.init(params)
    assert state.corrections["norm"] is None
    grads = jax.tree.map(jnp.ones_like, params)
    start = np.asarray(params["w"], np.float64)
    for _ in range(100):
        params, state = step(tx, params, state, grads)
    place = join_bits(params["w"], state.corrections["w"])
    moved = np.asarray(from_wide_ordinal(place, "bfloat16", bits - 16), np.float64) - start
    np.testing.assert_allclose(moved, -0.1, atol=100 * expected)
    np.testing.assert_allclose(params["norm"], 0.9)
    assert params["norm"].dtype == jnp.float64


def test_decay_sees_the_master():
    """`tx` receives the master as the parameters."""
    p = jnp.full(4, 1.0, jnp.bfloat16)
    tx = gl.master_params(gl.chain(gl.add_decayed_weights(1.0), gl.scale(-(2.0**-12))))
    state = tx.init(p)._replace(corrections=jnp.full(4, 64, jnp.int8))
    new, state = step(tx, p, state, jnp.zeros_like(p))
    w = 1 + 64 * 2.0**-15
    np.testing.assert_array_equal(masters(new, state), round_digits(w * (1 - 2.0**-12), 15))


def test_stochastic_rounding_is_right_on_average():
    p = jnp.concatenate([jnp.full(50000, 1.0), jnp.full(50000, -3.0)]).astype(jnp.bfloat16)
    tx, u = gl.round_params(gl.scale(1.0), key=1), 2.0**-11
    state = tx.init(p)
    new, state = step(tx, p, state, jnp.full(p.shape, u, jnp.bfloat16))
    halves = np.asarray(new, np.float64).reshape(2, -1)
    assert set(halves[0]) == {1.0, 1 + 2.0**-7}
    np.testing.assert_allclose(halves.mean(axis=1), [1 + u, -3 + u], atol=5 * 0.5 * 2.0**-6 / np.sqrt(50000))
    again, _ = step(tx, p, tx.init(p), jnp.full(p.shape, u, jnp.bfloat16))
    np.testing.assert_array_equal(again, new)
    other, _ = step(tx, p, state, jnp.full(p.shape, u, jnp.bfloat16))
    assert (other != new).any()
    still, _ = step(tx, p, state, jnp.zeros_like(p))
    np.testing.assert_array_equal(still, p)


def test_wide_parameters_are_updated_as_without_it(rng):
    p = jnp.asarray(rng.standard_normal(5))
    for tx in (gl.master_params(gl.adam(0.1)), gl.round_params(gl.adam(0.1))):
        updates, _ = tx.update(p, tx.init(p), p)
        expected, _ = gl.adam(0.1).update(p, gl.adam(0.1).init(p), p)
        np.testing.assert_array_equal(updates, expected)


@pytest.mark.parametrize("make", [gl.master_params, gl.round_params])
def test_errors(make):
    p = {"w": jnp.ones(3, jnp.bfloat16)}
    tx = make(gl.scale(0.1))
    state = tx.init(p)
    with pytest.raises(TypeError, match=r"the gradient at \['w'\] is float16 and its parameter is bfloat16; pass the"):
        tx.update({"w": jnp.ones(3, jnp.float16)}, state, p)
    with pytest.raises(ValueError, match="needs the parameters"):
        tx.update(p, state)
    if make is gl.master_params:
        with pytest.raises(ValueError, match="bits must be 24 or 32, of which the parameter has 16; got 16"):
            make(gl.scale(0.1), 16)
        with pytest.raises(TypeError, match="the parameter is float8_e4m3fn, but only parameters of 16 bits or more"):
            tx.init(jnp.ones(3, jnp.float8_e4m3fn))
