"""The convolutions are convolutions, and the network learns."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.problems import DigitsCnn
from gradlab.lab.problems.real_data.digits_cnn import _extract_patches, _normalize_groups


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


def test_groups_of_channels_of_each_image_have_mean_0_and_variance_1() -> None:
    images = 5.0 + jax.random.normal(jax.random.key(0), (3, 6, 6, 8), jnp.float32)
    found = np.asarray(_normalize_groups(images), np.float64)
    for image, normal in zip(np.asarray(images, np.float64), found, strict=True):
        for channels in (slice(0, 4), slice(4, 8)):
            group = image[..., channels]
            expected = (group - group.mean()) / np.sqrt(group.var() + 1e-5)
            np.testing.assert_allclose(normal[..., channels], expected, rtol=1e-4, atol=1e-5)


def test_the_size_of_normalized_weights_does_not_matter() -> None:
    problem = DigitsCnn(is_normalized=True)
    params = problem.init(jax.random.key(0))
    assert {name: leaf.shape for name, leaf in params["first"].items()} == {
        "weight": (9, 8),
        "bias": (8,),
        "scale": (8,),
    }
    images = jax.random.uniform(jax.random.key(1), (5, 64), jnp.float32)
    larger = params | {"second": params["second"] | {"weight": 3.0 * params["second"]["weight"]}}
    expected = problem.compute_logits(params, images)
    np.testing.assert_allclose(problem.compute_logits(larger, images), expected, rtol=1e-3, atol=1e-4)
    plain = DigitsCnn()
    gaps = jnp.abs(plain.compute_logits(larger, images) - plain.compute_logits(params, images))
    assert gaps.max() > 0.1


def test_it_learns_with_normalization(final_scores: Callable[..., np.ndarray]) -> None:
    assert final_scores(DigitsCnn(is_normalized=True), gl.adam, [0.01], steps=150, seeds=2).min() > 0.9


def test_channels_that_make_no_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="channels must be a multiple of 4, which a normalized group has, got 6"):
        DigitsCnn(channels=6, is_normalized=True)
