"""Scion against its reference, for each kind of layer."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((30, 5, 3))


@pytest.mark.parametrize(
    "options",
    [{}, {"is_constrained": False, "radius": 2.0}, {"outputs": True, "output_radius": 7.0}, {"embeddings": True}],
    ids=str,
)
def test_each_kind_of_layer_moves_as_in_the_reference(options: dict[str, Any]) -> None:
    start = np.full((5, 3), 0.5)
    expected = references.trajectory(references.scion, start, GRADIENTS, learning_rate=0.01, **options)
    ours: dict[str, Any] = options | {kind: gl.ndim(2) for kind in ("outputs", "embeddings") if kind in options}
    assert_same_path(points(gl.scion(0.01, **ours), jnp.asarray(start), jnp.asarray(GRADIENTS)), expected)
