"""Numbers of 16 bits with a correction: a bijection with wider floats, against arithmetic in float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.codecs.master_bits import correct, from_wide_ordinal, join_bits, split_bits, to_wide_ordinal
from gradlab.codecs.stochastic_rounding import from_ordinal

SLOW = [pytest.param("bfloat16", 16, marks=pytest.mark.slow), pytest.param("float16", 16, marks=pytest.mark.slow)]
CASES = [("bfloat16", 8), ("float16", 8), *SLOW]


def all_numbers(dtype):
    """Return all finite numbers of a dtype that float32 arithmetic does not take for zero."""
    numbers = jax.lax.bitcast_convert_type(jnp.arange(2**16, dtype=jnp.uint16), dtype)
    with np.errstate(invalid="ignore"):
        values = np.asarray(numbers).astype(np.float64)
    return np.asarray(numbers)[np.isfinite(values) & (np.abs(values) >= 2.0**-126)]


@pytest.mark.parametrize(("dtype", "bits"), CASES)
def test_every_number_and_correction_come_back(dtype, bits, rng):
    narrow = jnp.asarray(all_numbers(dtype))[:, None]
    kept = jnp.int8 if bits == 8 else jnp.int16
    steps = [-(2 ** (bits - 1)), -1, 0, 1, 2 ** (bits - 1) - 1, *rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), 3)]
    corrections = jnp.asarray(np.array(steps), kept)[None, :]

    @jax.jit
    def through(narrow, corrections):
        place = join_bits(narrow, corrections)
        x = from_wide_ordinal(place, dtype, bits)
        again = to_wide_ordinal(x, dtype, bits)
        back = from_ordinal(split_bits(again, bits), dtype)
        return place, x, again, back, correct(again, back, kept)

    place, x, again, back, c = map(np.asarray, through(narrow, corrections))
    normal = (np.abs(x) >= 2.0**-126) & (np.abs(np.asarray(narrow, np.float64)) < float(jnp.finfo(dtype).max))
    if (dtype, bits) == ("float16", 16):  # it has more digits than a float32
        normal &= np.isin(place % 8, [0]) | (np.abs(x) < 2.0**-16)
    np.testing.assert_array_equal(again[normal], place[normal])
    wide = np.broadcast_to(np.asarray(narrow), c.shape)
    same = normal & (np.abs(wide.astype(np.float64)) > 2.0**-125)
    np.testing.assert_array_equal(back[same].astype(np.float32), wide[same].astype(np.float32))
    np.testing.assert_array_equal(c[same], np.broadcast_to(np.asarray(corrections), c.shape)[same])
    rows, values = np.asarray(narrow)[:, 0].astype(np.float64), x.astype(np.float64)
    with np.errstate(over="ignore"):  # above the largest
        gap = np.spacing(np.abs(np.asarray(narrow)[:, 0])).astype(np.float64)
    within = np.abs(values - rows[:, None]) <= gap[:, None] / 2 * (1 + 2.0**-10)
    assert within[(np.abs(rows) < float(jnp.finfo(dtype).max)) & (np.abs(rows) > 2.0**-120)].all()


@pytest.mark.parametrize(("dtype", "bits", "digits"), [("bfloat16", 8, 15), ("float16", 8, 18), ("bfloat16", 16, 23)])
def test_the_wide_number_is_the_nearest(dtype, bits, digits, rng):
    """Compared with the rounding of the significand in float64, ties to even."""
    limit = 4 if dtype == "float16" else 37
    x = (rng.choice([-1, 1], 20000) * rng.uniform(1, 2, 20000) * 10.0 ** rng.uniform(-limit, limit, 20000)).astype("f4")
    ties = np.float32(1) + (np.arange(1, 200, 2) * 2.0 ** -(digits + 1)).astype("f4")
    x = np.concatenate([x, ties, -ties])
    got = jax.jit(lambda x: from_wide_ordinal(to_wide_ordinal(x, dtype, bits), dtype, bits))(x)
    significand, exponent = np.frexp(x.astype(np.float64))
    expected = np.ldexp(np.round(significand * 2.0 ** (digits + 1)) / 2.0 ** (digits + 1), exponent)
    np.testing.assert_array_equal(np.asarray(got, np.float64), expected)


@pytest.mark.parametrize(("dtype", "bits"), CASES)
def test_special_numbers(dtype, bits):
    top = float(jnp.finfo(dtype).max)
    x = jnp.array([0.0, -0.0, top, -top, 3.4028e38, -3.4028e38, jnp.inf, -jnp.inf, jnp.nan], jnp.float32)
    place = to_wide_ordinal(x, dtype, bits)
    narrow = np.asarray(from_ordinal(split_bits(place, bits), dtype)).astype(np.float64)
    np.testing.assert_array_equal(narrow, [0, 0, top, -top, top, -top, np.inf, -np.inf, np.nan])
    kept = jnp.int8 if bits == 8 else jnp.int16
    corrections = np.asarray(correct(place, from_ordinal(split_bits(place, bits), dtype), kept))
    np.testing.assert_array_equal(corrections[[0, 1, 2, 3, 6, 7, 8]], 0)
    largest = np.asarray(from_wide_ordinal(place, dtype, bits))[4:6]
    np.testing.assert_allclose(np.abs(largest), top, rtol=2.0**-8)
