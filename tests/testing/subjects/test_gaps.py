"""Differences between trees name their place, and allow for rounding."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.testing.subjects.gaps import (
    describe_array,
    describe_gap,
    describe_mismatch,
    describe_nonfinite,
    find_largest_gap,
)


def test_largest_gap_names_the_place_and_treats_nan_as_itself() -> None:
    left = {"a": jnp.asarray([1.0, jnp.nan]), "b": jnp.asarray([[2.0, 5.0]])}
    right = {"a": jnp.asarray([1.0, jnp.nan]), "b": jnp.asarray([[2.0, 4.0]])}
    gap, scale, place = find_largest_gap(left, right)
    assert (gap, scale) == (1.0, 4.0)
    assert place == "['b'][0, 1]: 5 against 4"
    assert find_largest_gap(jnp.nan, 1.0)[0] == np.inf
    assert find_largest_gap(jnp.inf, jnp.inf)[0] == 0


def test_describe_gap_allows_rounding_of_the_dtype() -> None:
    assert describe_gap(jnp.float32(1.0), jnp.float32(1.00001), "float32") is None
    assert describe_gap(jnp.float32(1.0), jnp.float32(1.0001), "float32") is not None


def test_first_unlike_sees_weak_types_and_structure() -> None:
    weak, strong = jax.eval_shape(lambda: (1.0, jnp.ones(()))), jax.eval_shape(lambda: (jnp.ones(()), jnp.ones(())))
    assert "weakly typed" in str(describe_mismatch(weak, strong))
    assert "nothing" in str(describe_mismatch({"a": 1.0}, {"a": 1.0, "b": 1.0}))
    assert "structure" in str(describe_mismatch((), []))
    assert describe_mismatch(strong, strong) is None
    assert describe_array(jnp.ones((2, 3), jnp.bfloat16)) == "bfloat16[2,3]"


def test_a_number_that_is_not_finite_is_named_with_its_place() -> None:
    assert describe_nonfinite({"a": np.ones(2), "b": np.array([[0.0, -np.inf]])}) == "-inf at ['b'][0, 1]"
    assert describe_nonfinite(jnp.float16(jnp.nan)) == "nan at the only leaf"
    assert describe_nonfinite([jnp.ones(2), jnp.zeros((0,)), jnp.int32(3)]) is None
