"""Shampoo on matrices, against the reference, and the derivative of its power of a matrix."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from gradlab.transforms.matrices.decompositions import hermitian_power
from tests.optimizers.runs import assert_same_path, points

GRADIENTS = np.random.default_rng(0).standard_normal((12, 5, 3))


@pytest.mark.parametrize(
    "options",
    [{}, {"decay": 0.9, "exponent": 0.5, "eps": 1e-3, "every": 5}, {"momentum": 0.8, "weight_decay": 0.3}],
    ids=str,
)
def test_a_matrix_moves_as_in_the_reference(options: dict[str, Any]) -> None:
    start = np.full((5, 3), 0.5)
    expected = references.trajectory(references.shampoo, start, GRADIENTS, learning_rate=0.1, **options)
    assert_same_path(points(gl.shampoo(0.1, **options), jnp.asarray(start), jnp.asarray(GRADIENTS)), expected, 1e-9)


def test_the_first_step_without_eps_is_orthogonal() -> None:
    tx = gl.scale_by_kronecker(eps=0.0)
    g = jnp.asarray(GRADIENTS[0])
    update, _ = tx.update(g, tx.init(g))
    u, _, vh = np.linalg.svd(g, full_matrices=False)
    np.testing.assert_allclose(update, u @ vh, atol=1e-9)


def test_each_matrix_of_a_stack_has_its_own_statistics() -> None:
    tx = gl.scale_by_kronecker(0.9, layout=gl.matrix_shape("flax", batch_axes=1))
    stack = jnp.asarray(GRADIENTS[:2])
    update, _ = tx.update(stack, tx.init(stack))
    alone = tx.replace(layout="flax")
    for index in range(2):
        expected, _ = alone.update(stack[index], alone.init(stack[index]))
        np.testing.assert_allclose(update[index], expected, atol=1e-12)


@pytest.mark.parametrize("values", [(1.0, 2.0, 5.0), (2.0, 2.0, 2.0), (0.0, 2.0, 2.0)])
def test_the_derivative_of_a_power_is_finite_and_that_of_differences(values: tuple[float, ...]) -> None:
    x, direction = jnp.diag(jnp.array(values)), jnp.asarray(GRADIENTS[0, :3] + GRADIENTS[0, :3].T)

    def along(step: Any, exponent: Any) -> Any:
        return hermitian_power(x + step * direction, exponent)

    (by_step, by_exponent) = jax.jacfwd(along, argnums=(0, 1))(0.0, -0.25)
    assert np.isfinite(by_step).all()
    if values[0] > 0:
        around = [along(step, exponent) for step, exponent in ((1e-5, -0.25), (-1e-5, -0.25))]
        np.testing.assert_allclose(by_step, (around[0] - around[1]) / 2e-5, atol=1e-7)
    around = [along(0.0, -0.25 + step) for step in (1e-5, -1e-5)]
    np.testing.assert_allclose(by_exponent, (around[0] - around[1]) / 2e-5, atol=1e-7)
