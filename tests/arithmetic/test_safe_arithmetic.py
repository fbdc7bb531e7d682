"""Arithmetic that is finite, in value and in derivative, where a denominator or a root is zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.arithmetic.safe_arithmetic import divide, magnitude, square_root, squared_magnitude


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_square_root(dtype: str) -> None:
    x = jnp.array([4.0, 0.0, -1e-9, -0.0, np.inf, np.nan, 1e-30], dtype)
    np.testing.assert_allclose(square_root(x), [2.0, 0.0, 0.0, 0.0, np.inf, np.nan, 1e-15], rtol=1e-6)
    assert square_root(x).dtype == dtype


def test_the_derivative_of_the_square_root_is_zero_at_zero() -> None:
    derivative = jax.vmap(jax.grad(square_root))(jnp.array([4.0, 0.0, -1.0]))
    np.testing.assert_allclose(derivative, [0.25, 0.0, 0.0])


def test_divide_is_zero_where_the_denominator_is() -> None:
    np.testing.assert_array_equal(
        divide(jnp.array([1.0, 0.0, 3.0, np.nan, 1.0, np.inf]), jnp.array([0.0, 0.0, 2.0, 2.0, np.inf, 2.0])),
        [0.0, 0.0, 1.5, np.nan, 0.0, np.inf],
    )
    assert np.isnan(divide(jnp.array(1.0), jnp.array(np.nan)))
    np.testing.assert_array_equal(divide(jnp.array([2 + 4j, 1j]), jnp.array([2.0, 0.0])), [1 + 2j, 0.0])


def test_the_derivatives_of_divide_are_finite() -> None:
    by_numerator, by_denominator = jax.vmap(jax.grad(divide, argnums=(0, 1)))(
        jnp.array([1.0, 0.0, 3.0]), jnp.array([0.0, 0.0, 2.0])
    )
    np.testing.assert_allclose(by_numerator, [0.0, 0.0, 0.5])
    np.testing.assert_allclose(by_denominator, [0.0, 0.0, -0.75])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_magnitudes_are_real(dtype: str) -> None:
    z = jnp.array([3.0, -2.0, 0.0], dtype)
    assert magnitude(z).dtype == z.real.dtype
    assert squared_magnitude(z).dtype == z.real.dtype
    np.testing.assert_allclose(magnitude(z), [3.0, 2.0, 0.0])
    np.testing.assert_allclose(squared_magnitude(z), [9.0, 4.0, 0.0])


def test_the_magnitude_of_complex_numbers() -> None:
    z = jnp.array([3 + 4j, -5j, 0])
    np.testing.assert_allclose(magnitude(z), [5.0, 5.0, 0.0])
    np.testing.assert_allclose(squared_magnitude(z), [25.0, 25.0, 0.0])
    extreme = jnp.array([3e30 + 4e30j, 3e-30 + 4e-30j], jnp.complex64)  # whose squares float32 cannot hold
    np.testing.assert_allclose(magnitude(extreme), [5e30, 5e-30], rtol=1e-6)


@pytest.mark.parametrize("f", [magnitude, squared_magnitude])
@pytest.mark.parametrize("zero", [0.0, 0j])
def test_the_derivative_of_a_magnitude_is_zero_at_zero(f: Callable[..., Any], zero: Any) -> None:
    assert jax.grad(f)(jnp.asarray(zero)) == 0
    np.testing.assert_allclose(jax.grad(f)(jnp.asarray(3 + 4j)), {magnitude: 0.6 - 0.8j}.get(f, 6 - 8j))


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_divide_by_extreme_numbers(dtype: str) -> None:
    numerator = jnp.array([1e30, 1e-30, 0.0], dtype)
    np.testing.assert_allclose(
        divide(numerator, jnp.array([1e30, 1e-30, 1e-30], "float32")), [1.0, 1.0, 0.0], rtol=1e-6
    )
    np.testing.assert_allclose(divide(numerator, jnp.full(3, np.inf, "float32")), 0.0)
