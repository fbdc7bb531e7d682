"""SOAP and GaLore on matrices, against the references."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((20, 5, 3))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("soap", {}),
        ("soap", {"every": 1, "shampoo_decay": 0.5, "eps": 1e-3, "weight_decay": 0.3}),
        ("galore", {"every": 7, "rank": 2}),
        ("galore", {"every": 3, "scale": 2.0, "b1": 0.5, "weight_decay": 0.3}),
    ],
    ids=str,
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_moves_as_in_the_reference(name: str, options: dict[str, Any], turned: bool) -> None:
    gradients = GRADIENTS.swapaxes(1, 2) if turned else GRADIENTS
    start = np.full(gradients.shape[1:], 0.5)
    expected = references.trajectory(getattr(references, name), start, gradients, learning_rate=0.1, **options)
    tx = getattr(gl, name)(0.1, **options)
    # SOAP's bases add the root of epsilon to a side of lower rank, so their vectors carry a few times that root of
    # rounding, which differs between processors.
    tolerance = 8 * float(np.finfo(float).eps) ** 0.5
    assert_same_path(points(tx, jnp.asarray(start), jnp.asarray(gradients)), expected, tolerance)


def test_the_first_gradient_only_makes_the_basis() -> None:
    tx = gl.soap(0.1, weight_decay=0.0)
    params = {"kernel": jnp.ones((5, 3)), "bias": jnp.ones(3)}
    updates, _ = tx.update(params, tx.init(params), params)
    np.testing.assert_array_equal(updates["kernel"], 0.0)
    np.testing.assert_allclose(updates["bias"], -0.1)


def test_a_projected_step_has_the_rank_of_the_projection_and_small_moments() -> None:
    tx: Any = gl.galore(0.1, rank=1)
    state = tx.init(jnp.zeros((5, 3)))
    assert {leaf.shape for leaf in jax.tree.leaves(state) if leaf.ndim} == {(1, 1, 5), (1, 3, 1)}
    update, _ = tx.update(jnp.asarray(GRADIENTS[0]), state, jnp.zeros((5, 3)))
    values = np.linalg.svd(np.asarray(update), compute_uv=False)
    assert values[0] > 0.05
    assert values[1] < 1e-12
