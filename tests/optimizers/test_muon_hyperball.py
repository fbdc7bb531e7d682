"""MuonH against its reference on matrices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((30, 5, 3))


def test_a_matrix_turns_as_in_the_reference_and_keeps_its_norm() -> None:
    start = np.random.default_rng(1).standard_normal((5, 3))
    runs: tuple[dict[str, Any], ...] = ({}, {"momentum": 0.5, "nesterov": False})
    for options in runs:
        expected = references.trajectory(references.muon_hyperball, start, GRADIENTS, learning_rate=0.1, **options)
        got = points(gl.muon_hyperball(0.1, **options), jnp.asarray(start), jnp.asarray(GRADIENTS))
        assert_same_path(got, expected)
        np.testing.assert_allclose(jnp.linalg.norm(got, axis=(1, 2)), np.linalg.norm(start))


def test_stacked_layers_keep_a_norm_each() -> None:
    start = np.random.default_rng(1).standard_normal((2, 5, 3)) * np.array([1.0, 9.0])[:, None, None]
    gradients = np.random.default_rng(2).standard_normal((3, 2, 5, 3))
    tx = gl.muon_hyperball(0.1, matrices=gl.ndim(3), layout=gl.matrix_shape("flax", batch_axes=1))
    together = points(tx, jnp.asarray(start), jnp.asarray(gradients))
    for layer in range(2):
        alone = points(gl.muon_hyperball(0.1), jnp.asarray(start[layer]), jnp.asarray(gradients[:, layer]))
        np.testing.assert_allclose(together[:, layer], alone, rtol=1e-12)
