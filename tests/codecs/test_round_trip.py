"""The error of a round trip through each codec, and what a codec leaves alone."""

from __future__ import annotations

import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import codecs

# Each codec, with the largest error of a round trip: in units of the block's scale for signed numbers, then for numbers
# that are not negative, and relative to each number above a hundredth of the scale, in the same order.
BOUNDS = {
    codecs.dynamic_blocks(): (0.0071, 0.0036, 0.110, 0.062),
    codecs.companded_blocks(): (0.0082, 0.0041, 0.205, 0.041),
    codecs.float_blocks("float8_e4m3fn"): (0.0358, 0.0358, 0.0625, 0.0625),
    codecs.float_blocks("float8_e5m2"): (0.0715, 0.0715, 0.125, 0.125),
    codecs.cast("bfloat16"): (0.0039, 0.0039, 0.00391, 0.00391),
    codecs.cast("float16"): (0.00049, 0.00049, 0.00049, 0.00049),
}
BLOCKED = [c for c in BOUNDS if "block" in c.arguments]
ALL = [pytest.param(c, id=f"{c.factory.name}-{c.arguments.get('dtype', 8)}") for c in BOUNDS]


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((20, 300)) * np.exp(2 * rng.standard_normal((20, 300)))
    return (x / np.abs(x).max()).astype(np.float32)


@functools.partial(jax.jit, static_argnames="non_negative")
def encode(codec, x, non_negative=False):
    return codec.encode(x, None, non_negative)


@functools.partial(jax.jit, static_argnames="non_negative")
def round_trip(codec, x, non_negative=False):
    return codec.decode(codec.encode(x, None, non_negative), x, non_negative)


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("non_negative", [False, True])
def test_the_error_is_bounded(codec, non_negative, numbers):
    signed, unsigned, signed_relative, unsigned_relative = BOUNDS[codec]
    x = jnp.asarray(np.abs(numbers) if non_negative else numbers)
    back = np.asarray(round_trip(codec, x, non_negative))
    block = codec.arguments.get("block", 300)
    scale = np.ones_like(x)
    for start in range(0, 300, block):
        scale[:, start : start + block] = np.abs(x[:, start : start + block]).max(axis=1, keepdims=True)
    share = np.abs(back - x) / scale
    bound = unsigned if non_negative else signed
    assert bound / 3 < share.max() <= bound  # a bound that no number comes near would say nothing
    relative = unsigned_relative if non_negative else signed_relative
    large = np.abs(x) > 0.01 * scale
    assert 0.8 * relative < (np.abs(back - x) / np.abs(x))[large].max() <= relative
    if non_negative:
        assert not ((back == 0) & (np.asarray(x) > 0)).any()


@pytest.mark.slow
@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("non_negative", [False, True])
def test_compiled_and_eager_give_the_same_bits(codec, non_negative, numbers):
    """A compiler may not remove a rounding, nor fuse one away."""
    x = jnp.asarray(np.abs(numbers) if non_negative else numbers)
    kept = codec.encode(x, None, non_negative)
    jax.tree.map(np.testing.assert_array_equal, kept, encode(codec, x, non_negative))
    back = codec.decode(kept, x, non_negative)
    np.testing.assert_array_equal(back, round_trip(codec, x, non_negative))


@pytest.mark.parametrize("codec", BLOCKED)
def test_blocks_end_with_their_rows(codec, numbers):
    """A row that is a billion times as large changes nothing in the rows beside it, nor does their order."""
    x = jnp.asarray(numbers)
    kept = encode(codec, x)
    changed = encode(codec, x.at[7].multiply(1e9))
    others = np.arange(20) != 7
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[others], b[others]), kept, changed)
    assert kept.codes.shape == x.shape
    assert kept.scales.shape[0] == 20
    reversed_rows = encode(codec, x[::-1])
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[::-1], b), kept, reversed_rows)


@pytest.mark.parametrize("codec", ALL)
def test_special_numbers(codec):
    """Zeros stay, and an infinity or NaN stays visible, without changing another row."""
    x = jnp.zeros((20, 300)).at[3, 5].set(jnp.nan).at[4, 6].set(-jnp.inf).at[5].set(2.0).astype(jnp.float32)
    back = np.asarray(round_trip(codec, x))
    assert np.isnan(back[3, 5])
    assert not np.isfinite(back[4, 6])
    np.testing.assert_allclose(back[5], 2.0, rtol=0.01)
    np.testing.assert_array_equal(back[6:], 0)


@pytest.mark.parametrize("codec", ALL)
def test_a_declaration_that_is_wrong_does_no_harm(codec, numbers):
    """Blocks with numbers below 0 are recognized, even where there should be none."""
    signed, *_ = BOUNDS[codec]
    back = np.asarray(round_trip(codec, jnp.asarray(numbers), True))
    assert np.abs(back - numbers).max() <= signed


@pytest.mark.parametrize("codec", ALL)
def test_small_arrays_are_exact_and_complex_ones_are_kept_by_parts(codec, numbers):
    x = jnp.asarray(numbers)
    z = jax.lax.complex(x, -x)
    np.testing.assert_allclose(round_trip(codec, z), z, atol=2 * BOUNDS[codec][0])
    if "block" in codec.arguments:
        np.testing.assert_array_equal(codec.decode(codec.encode(x[:13]), x[:13]), x[:13])  # 3,900 elements
        back = round_trip(codec.replace(min_size=0), jnp.float32(3.0))  # a row of one element
        np.testing.assert_allclose(back, 3.0, rtol=1e-6)


def test_a_codec_is_a_value():
    for codec in BOUNDS:
        assert pickle.loads(pickle.dumps(codec)) == codec == eval(repr(codec), vars(codecs))
        assert hash(codec) == hash(codec.replace())
        assert not jax.tree.leaves(codec)
    assert codecs.dynamic_blocks() != codecs.dynamic_blocks(128) != codecs.companded_blocks(128)
    assert gl.codecs is codecs


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: codecs.dynamic_blocks(0), "dynamic_blocks: block must be at least 1, got 0"),
        (
            lambda: codecs.companded_blocks(*[2.5]),  # type: ignore[arg-type]
            "companded_blocks: block must be of type int, got float: 2.5",
        ),
        (lambda: codecs.dynamic_blocks(min_size=-1), "dynamic_blocks: min_size must not be negative, got -1"),
        (lambda: codecs.float_blocks("float32"), "float_blocks: dtype must be real and of at most 16 bits"),
        (lambda: codecs.cast(None), "cast: dtype must be a floating-point or complex dtype, .* got None"),
        (lambda: codecs.cast("int8"), "cast: dtype must be a floating-point or complex dtype"),
        (lambda: codecs.cast("bfloat16", stochastic=True).encode(jnp.ones(3)), "so it needs a key"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        wrong()
