"""Adam in its efficient form is a chain of four links, and agrees with NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.combinators.links import B1, B2, EPS, RATE


def efficient_adam() -> list[Any]:
    return [
        gl.scale_by_momentum(B1),
        gl.scale_by_rms(B2, EPS),
        gl.bias_correction(B1, B2),
        gl.scale_by_learning_rate(RATE),
    ]


def numpy_efficient_adam(gradients: np.ndarray) -> np.ndarray:
    """The end of section 2 of Kingma & Ba (2015), written out."""
    m = v = np.zeros_like(gradients[0])
    changes = []
    for t, g in enumerate(gradients, start=1):
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g * g
        changes.append(-RATE * np.sqrt(1 - B2**t) / (1 - B1**t) * m / (np.sqrt(v) + EPS))
    return np.stack(changes)


def clip_rows(gradients: np.ndarray, limit: float) -> np.ndarray:
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients * np.minimum(1, limit / norms)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-8])
def test_the_efficient_adam_is_a_chain_of_four(
    scale: float, rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = scale * rng.standard_normal((60, 4))
    expected = numpy_efficient_adam(gradients)
    distance = np.abs(expected).sum()
    assert np.abs(rollout(gl.chain(*efficient_adam()), gradients) - expected).max() <= 1e-12 * distance
    clipped = numpy_efficient_adam(clip_rows(gradients, scale))
    clip = gl.clip_by_global_norm(scale)
    for tx in (gl.chain(clip, *efficient_adam()), gl.chain(clip, gl.chain(*efficient_adam()))):
        assert np.abs(rollout(tx, gradients) - clipped).max() <= 1e-12 * distance
    assert np.abs(clipped - expected).max() > 1e-4 * distance


def test_the_efficient_adam_agrees_with_its_reference(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 4))
    points = references.trajectory(
        references.adam_efficient, np.zeros(4), gradients, learning_rate=RATE, b1=B1, b2=B2, eps=EPS
    )
    got = np.cumsum(rollout(gl.chain(*efficient_adam()), gradients), axis=0)
    np.testing.assert_allclose(got, points[1:], atol=1e-12 * np.abs(np.diff(points, axis=0)).sum())


@pytest.mark.parametrize("nested", [False, True])
def test_adam_itself_behind_clipping(nested: bool, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((60, 4))
    adam = gl.adam(RATE, B1, B2, EPS)
    tx = gl.chain(gl.clip_by_global_norm(1.0), *([gl.chain(adam)] if nested else adam.links))
    points = references.trajectory(
        references.adam, np.zeros(4), clip_rows(gradients, 1.0), learning_rate=RATE, b1=B1, b2=B2, eps=EPS
    )
    got = np.cumsum(rollout(tx, gradients), axis=0)
    np.testing.assert_allclose(got, points[1:], atol=1e-12 * np.abs(np.diff(points, axis=0)).sum())
