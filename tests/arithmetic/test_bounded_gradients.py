"""Gradients are bounded once in a chain, and by the link that squares them outside of one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.arithmetic.bounded_gradients import bound_gradient, having_bounded, square_gradient
from gradlab.arithmetic.safe_arithmetic import bound_for_squaring, bounded_square, squared_magnitude

HUGE = np.float32(1e30)
BOUND = np.float32(2.0**51)


def count_clamps(tx: Any) -> int:
    x = jnp.ones(3, jnp.float32)
    return str(jax.make_jaxpr(tx.update)(x, tx.init(x), x)).count("clamp")


@pytest.mark.parametrize(
    ("tx", "expected"),
    [
        (gl.adam(0.1), 1),
        (gl.rmsprop(0.1, centered=True, momentum=0.9), 1),
        (gl.rmsprop(0.1), 1),
        (gl.adabelief(0.1), 1),
        (gl.chain(gl.scale_by_momentum(0.9), gl.chain(gl.scale_by_rms(0.9), gl.scale_by_rms(0.9))), 1),
        (gl.chain(gl.scale_by_rms(0.9), gl.scale_by_rms(0.9)), 2),  # the first changes what the second squares
        (gl.scale_by_rms(0.9), 1),
        (gl.sgd(0.1, momentum=0.9), 0),
    ],
    ids=["adam", "centered", "rmsprop", "adabelief", "split", "not split", "alone", "sgd"],
)
def test_a_chain_bounds_its_gradient_once(tx: Any, expected: int) -> None:
    assert count_clamps(tx) == expected


def test_an_array_counts_as_bounded_only_while_its_chain_runs() -> None:
    tree = {"a": jnp.array([HUGE]), "b": jnp.array([1.0, -HUGE])}
    bounded, raw = {"a": jnp.array([5.0])}, {"a": jnp.array([7.0])}  # numbers that show which array was read
    with having_bounded(bounded, raw):
        got = bound_gradient({**tree, **bounded})
        assert got["a"] is bounded["a"]
        np.testing.assert_array_equal(got["b"], [1.0, -BOUND])
        np.testing.assert_array_equal(square_gradient(bounded)["a"], [49.0])
        with having_bounded(bounded, bounded):  # a chain in a chain, which does not bound it again
            np.testing.assert_array_equal(square_gradient(bounded)["a"], [49.0])
    np.testing.assert_array_equal(bound_gradient(tree)["a"], [BOUND])
    np.testing.assert_array_equal(square_gradient(bounded)["a"], [25.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_squares_of_bounded_numbers_are_the_same_bits(dtype: str, rng: np.random.Generator) -> None:
    kind = np.dtype(dtype).type
    bound = 2.0**51 if dtype == "float32" else 2.0**484
    near = [np.nextafter(kind(bound), kind(end)) for end in (0.0, np.inf)]
    bits = rng.integers(0, 2 ** (8 * kind().itemsize) - 1, 100_000, f"uint{8 * kind().itemsize}")
    ends = [0.0, -0.0, np.inf, -np.inf, np.nan, bound, -bound, *near, np.finfo(dtype).max, np.finfo(dtype).tiny]
    x = jnp.asarray(np.concatenate([bits.view(dtype), np.array(ends, dtype)]))
    np.testing.assert_array_equal(bounded_square(x), squared_magnitude(bound_for_squaring(x)))


def test_the_chain_hands_squares_that_are_finite() -> None:
    squares: list[Any] = []

    @gl.transformation
    def note():
        def update(updates, state):
            squares.append(updates)
            return updates, state

        return lambda params: (), update

    x = jnp.array([HUGE, 2.0, np.inf])
    for tx in (gl.scale_by_rms(note()), gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(note()))):
        tx.update(x, tx.init(x), x)
    for square in squares:
        np.testing.assert_array_equal(square, [BOUND**2, 4.0, np.inf])
    assert len(squares) == 2


def test_a_link_that_changes_the_gradient_before_the_square_is_bounded_again() -> None:
    tx = gl.chain(gl.scale_by_rms(0.5), gl.scale(1e30), gl.scale_by_rms(0.5))
    x = jnp.ones(2, jnp.float32)
    updates, _ = tx.update(x, tx.init(x))
    assert np.isfinite(updates).all()
    np.testing.assert_allclose(updates, np.sqrt(2), rtol=1e-6)
