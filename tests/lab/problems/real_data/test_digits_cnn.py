"""The convolutions are convolutions, and the network learns."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import DigitsCnn
from gradlab.lab.problems.real_data.digits_cnn import _extract_patches


@pytest.mark.parametrize(("size", "stride"), [(8, 1), (6, 2)])
def test_a_product_with_patches_is_a_convolution(size: int, stride: int) -> None:
    images = jax.random.normal(jax.random.key(0), (5, size, size, 2), jnp.float32)
    kernel = jax.random.normal(jax.random.key(1), (3, 3, 2, 4), jnp.float32)
    expected = jax.lax.conv_general_dilated(
        images, kernel, (stride, stride), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found = _extract_patches(images, stride) @ kernel.reshape(18, 4)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_it_has_fewer_parameters_than_the_dense_network() -> None:
    params = jax.eval_shape(DigitsCnn().init, jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == (9 * 8 + 8) + (72 * 16 + 16) + (64 * 10 + 10)


def test_it_learns(final_scores: Callable[..., np.ndarray]) -> None:
    assert final_scores(DigitsCnn(), gl.adam, [0.01], steps=150, seeds=2).min() > 0.8
