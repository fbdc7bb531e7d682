"""NorMuon against its reference on matrices, and as its authors released it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((30, 5, 3))


@pytest.mark.parametrize("options", [{}, {"momentum": 0.5, "b2": 0.7, "eps": 1e-2, "rms": 0.5, "nesterov": True}])
@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_moves_as_in_the_reference(options: dict[str, Any], turned: bool) -> None:
    gradients = GRADIENTS.swapaxes(1, 2) if turned else GRADIENTS
    start = np.full(gradients.shape[1:], 0.5)
    expected = references.trajectory(references.normuon, start, gradients, learning_rate=0.1, **options)
    assert_same_path(points(gl.normuon(0.1, **options), jnp.asarray(start), jnp.asarray(gradients)), expected)


def test_the_released_code_keeps_the_norm() -> None:
    """Replays the steps of microsoft/dion at 0a059a4, on a weight (out, in)."""
    tx = gl.graft(gl.isolate(gl.scale_by_rms(gl.block_mean(0.7, layout="torch"), 1e-8)), gl.chain())
    state, v = tx.init(jnp.zeros((5, 3))), np.zeros((5, 1))
    for o in GRADIENTS[:3]:
        v += 0.3 * ((o * o).mean(axis=-1, keepdims=True) - v)
        scaled = o / (np.sqrt(v) + 1e-8)
        updates, state = tx.update(jnp.asarray(o), state)
        np.testing.assert_allclose(updates, scaled * np.linalg.norm(o) / np.linalg.norm(scaled))
