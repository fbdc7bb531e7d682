"""Gradients are bounded once in a chain, and by the link that squares them outside of one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.bounded_gradients import bound_gradient, having_bounded

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
        (gl.adabelief(0.1), 2),  # the second is the bound of the difference from the mean
        (gl.chain(gl.scale_by_momentum(0.9), gl.chain(gl.scale_by_rms(0.9), gl.scale_by_rms(0.9))), 1),
        (gl.chain(gl.scale_by_rms(0.9), gl.scale_by_rms(0.9)), 2),  # the first changes what the second squares
        (gl.scale_by_rms(0.9), 1),
        (gl.sgd(0.1, momentum=0.9), 0),
    ],
    ids=["adam", "centered", "adabelief", "split", "not split", "alone", "sgd"],
)
def test_a_chain_bounds_its_gradient_once(tx: Any, expected: int) -> None:
    assert count_clamps(tx) == expected


def test_an_array_counts_as_bounded_only_while_its_chain_runs() -> None:
    tree = {"a": jnp.array([HUGE]), "b": jnp.array([1.0, -HUGE])}
    with having_bounded({"a": tree["a"]}):
        got = bound_gradient(tree)
        with having_bounded(tree):
            assert bound_gradient(tree)["b"] is tree["b"]
    assert got["a"] is tree["a"]
    np.testing.assert_array_equal(got["b"], [1.0, -BOUND])
    np.testing.assert_array_equal(bound_gradient(tree)["a"], [BOUND])


def test_a_link_that_changes_the_gradient_before_the_square_is_bounded_again() -> None:
    tx = gl.chain(gl.scale_by_rms(0.5), gl.scale(1e30), gl.scale_by_rms(0.5))
    x = jnp.ones(2, jnp.float32)
    updates, _ = tx.update(x, tx.init(x))
    assert np.isfinite(updates).all()
    np.testing.assert_allclose(updates, np.sqrt(2), rtol=1e-6)
