"""Stochastic rounding: right on average, never further than the next number, and repeated by the same key."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab import codecs
from gradlab.codecs.stochastic_rounding import from_ordinal, round_to_dtype, to_ordinal

DRAWS = 4000
CODECS = [
    codecs.dynamic_blocks(stochastic=True, min_size=0),
    codecs.companded_blocks(stochastic=True, min_size=0),
    codecs.float_blocks("float8_e4m3fn", stochastic=True, min_size=0),
    codecs.cast("bfloat16", stochastic=True),
    codecs.cast("float16", stochastic=True),
]
IDS = [codec.factory.name + codec.arguments.get("dtype", "") for codec in CODECS]


@functools.partial(jax.jit, static_argnames="non_negative")
def draw(codec, x, non_negative=False):
    """Return the round trips of x with many keys."""

    def once(key):
        return codec.decode(codec.encode(x, key, non_negative), x, non_negative)

    return jax.vmap(once)(jax.random.split(jax.random.key(0), DRAWS))


@pytest.mark.parametrize("codec", CODECS, ids=IDS)
@pytest.mark.parametrize("non_negative", [False, True])
def test_the_mean_is_exact_and_each_draw_is_a_neighbor(codec, non_negative, rng):
    """The largest magnitude is below 0 here, where the dynamic map has no -1."""
    x = np.concatenate([[-1.0], rng.uniform(-1, 1, 40), 10.0 ** rng.uniform(-3, 0, 23)]).astype(np.float32)
    x = np.abs(x) if non_negative else x
    back = np.asarray(draw(codec, jnp.asarray(x), non_negative), np.float64)
    error = np.abs(back.mean(axis=0) - x)
    rare = 5 * 0.02 / DRAWS  # for a neighbor, about 0.02 away, that is too improbable to be drawn
    assert (error <= 5 * back.std(axis=0) / np.sqrt(DRAWS) + rare).all()
    for column, value in zip(back.T, x, strict=True):
        found = np.unique(column)
        assert len(found) <= 2
        assert found[0] - 3e-6 <= value <= found[-1] + 3e-6
    assert (back.std(axis=0) > 0).mean() > 0.7  # it is not the rounding to nearest


def test_the_draws_follow_from_the_key_alone(rng):
    codec, x = CODECS[-2], jnp.asarray(rng.standard_normal(200).astype(np.float32))
    one, again, other = (codec.encode(x, jax.random.key(k)) for k in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, one, again)
    assert any((a != b).any() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn", "float8_e5m2"])
def test_exact_numbers_stay_and_large_ones_stay_finite(dtype):
    info = jnp.finfo(dtype)
    exact = np.array([0.0, 1.0, -1.5, float(info.max), -float(info.max), float(info.tiny)], np.float32)
    beyond = np.array([3e38, -3e38], np.float32) if dtype != "bfloat16" else np.array([3.4e38, -3.4e38], np.float32)
    unknown = np.array([np.nan] if "e4m3fn" in dtype else [np.nan, np.inf, -np.inf], np.float32)  # it has no infinity
    x = jnp.tile(jnp.asarray(np.concatenate([exact, beyond, unknown])), (100, 1))
    rounded = jax.jit(lambda key: round_to_dtype(x, dtype, key).astype(jnp.float32))(jax.random.key(0))
    expected = np.concatenate([exact, np.sign(beyond) * float(info.max), unknown])
    np.testing.assert_array_equal(rounded, np.tile(expected, (100, 1)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float8_e4m3fn"])
def test_ordinals_are_in_the_order_of_the_numbers(dtype):
    bits = jnp.finfo(dtype).bits
    unsigned = np.arange(2**bits, dtype=f"uint{bits}")
    numbers = jax.lax.bitcast_convert_type(jnp.asarray(unsigned), dtype)
    with np.errstate(invalid="ignore"):  # some are NaN
        values = np.asarray(numbers).astype(np.float64)
    known = np.isfinite(values)
    places = np.asarray(to_ordinal(numbers))
    order = np.argsort(places[known], kind="stable")
    assert (np.diff(values[known][order]) >= 0).all()
    np.testing.assert_array_equal(np.unique(np.diff(np.unique(places[known]))), [1])
    back = np.asarray(from_ordinal(jnp.asarray(places[known]), dtype)).astype(np.float64)
    np.testing.assert_array_equal(back, values[known])
