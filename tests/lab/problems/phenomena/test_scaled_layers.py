"""The layers differ in their gradients only, and adaptive rates bear that better (claim 16)."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

import gradlab as gl
from gradlab.lab.problems import ScaledLayers


def test_the_ratio_scales_gradients_and_leaves_the_function_alone() -> None:
    batch = ScaledLayers().batches(jax.random.key(1), 1)[0]
    scaled, plain = (
        jax.jit(jax.value_and_grad(problem.loss))(problem.init(jax.random.key(0)), batch)
        for problem in (ScaledLayers(ratio=100.0), ScaledLayers(ratio=1.0))
    )
    np.testing.assert_allclose(scaled[0], plain[0], rtol=1e-5)
    for gradient, reference, scale in zip(scaled[1], plain[1], (0.1, 1.0, 10.0)):
        np.testing.assert_allclose(gradient, scale * reference, rtol=1e-3, atol=1e-5 * scale)


def test_adam_loses_less_than_plain_descent(final_scores: Callable[..., np.ndarray]) -> None:
    plain = np.nanmin(final_scores(ScaledLayers(), gl.sgd, np.logspace(-3, -1, 7)).mean(1))
    adam = np.nanmin(final_scores(ScaledLayers(), gl.adam, np.logspace(-2.5, -1, 4)).mean(1))
    assert adam < 0.5 * plain
