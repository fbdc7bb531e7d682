"""Dion on matrices, against the reference."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((12, 5, 3))


@pytest.mark.parametrize("options", [{"rank": 2}, {"momentum": 0.5, "weight_decay": 0.3}], ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_moves_as_in_the_reference(options: dict[str, Any], turned: bool) -> None:
    gradients = GRADIENTS.swapaxes(1, 2) if turned else GRADIENTS
    start = np.full(gradients.shape[1:], 0.5)
    expected = references.trajectory(references.dion, start, gradients, learning_rate=0.1, **options)
    assert_same_path(points(gl.dion(0.1, **options), jnp.asarray(start), jnp.asarray(gradients)), expected, 1e-9)


def test_a_gradient_of_rank_one_has_one_direction() -> None:
    tx = gl.orthonormalize_low_rank(rank=3)
    u, v = jnp.array([1.0, -2.0, 2.0]), jnp.array([0.6, 0.8])
    g = jnp.outer(u, v)
    update, state = tx.update(g, tx.init(g))
    np.testing.assert_allclose(update, g / 3, atol=1e-12)
    np.testing.assert_allclose(state.moment[0], 0.95 * g.T, atol=1e-12)
    with pytest.raises(ValueError, match="rank is the number of directions, at least 1; got 0"):
        gl.orthonormalize_low_rank(rank=0)
