"""PSGD Kron on matrices, against the reference, and the fit of its factors."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from gradlab.transforms.matrices.decompositions import invert_triangular
from tests.optimizers.runs import assert_same_path, points

RANDOM = np.random.default_rng(0)
GRADIENTS = RANDOM.standard_normal((12, 5, 3))
FACTORS = tuple(np.triu(RANDOM.standard_normal((n, n))) + 2 * np.eye(n) for n in (3, 5))  # of outputs and inputs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"every": 2.5, "max_size": 3, "rate": 0.5, "weight_decay": 0.3},
        {"max_size": 2, "fit_to_momentum": False, "initial_scale": 3.0, "damping": 0.1, "max_rms": 0.5},
    ],
    ids=str,
)
def test_a_matrix_moves_as_in_the_reference(options: dict[str, Any]) -> None:
    start = np.full((5, 3), 0.5)
    expected = references.trajectory(references.kron, start, GRADIENTS, learning_rate=0.1, **options)
    assert_same_path(points(gl.kron(0.1, **options), jnp.asarray(start), jnp.asarray(GRADIENTS)), expected)


def fit(tx: Any, gradient: Any, step: int = 0) -> tuple[Any, Any]:
    """Return the factors after one fit from given ones."""
    factors = tuple(jnp.asarray(q)[None] for q in FACTORS)
    state = tx.init(jnp.zeros((5, 3)))._replace(factors=factors, step=jnp.asarray(step, jnp.int32))
    left, right = tx.update(jnp.asarray(gradient), state)[1].factors
    return np.asarray(left[0]), np.asarray(right[0])


def move(gradient: Any, draws: Any, damping: float) -> tuple[Any, Any]:
    """Return the factors after one fit to a mean of products over draws of V, by the definition."""
    left, right = FACTORS
    a = left @ (gradient + damping * np.abs(gradient).mean() * draws) @ right.T
    b = np.linalg.inv(left).T @ draws @ np.linalg.inv(right)
    moved = []
    for q, x, y in ((left, a, b), (right, a.swapaxes(1, 2), b.swapaxes(1, 2))):
        grown, shrunk = (np.mean(each @ each.swapaxes(1, 2), axis=0) for each in (x, y))
        total = grown + shrunk
        power = np.linalg.matrix_power(total, 2)[:, np.argmax((total**2).sum(axis=0))]
        size = np.linalg.norm(total @ power) / np.linalg.norm(power)
        moved.append(q - 0.1 * np.triu(grown - shrunk) @ q / size)
    ratio = np.sqrt(np.abs(moved[1]).max() / np.abs(moved[0]).max())
    return moved[0] * ratio, moved[1] / ratio


def test_a_fit_without_a_key_takes_the_mean_over_all_draws() -> None:
    units = math.sqrt(15) * np.eye(15).reshape(15, 3, 5)  # with mean 0 together with their negatives, and variance 1
    draws = np.concatenate([units, -units])
    for got, expected in zip(fit(gl.scale_by_whitening(damping=0.3), GRADIENTS[0]), move(GRADIENTS[0].T, draws, 0.3)):
        np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("step", [0, 2])
def test_a_fit_with_a_key_takes_one_draw(step: int) -> None:
    key = jax.random.split(jax.random.fold_in(jax.random.key(7), step), 1)[0]
    draw = np.asarray(jax.random.normal(key, (5, 3))).T[None]
    got = fit(gl.scale_by_whitening(damping=0.3, key=7), GRADIENTS[0], step)
    for mine, expected in zip(got, move(GRADIENTS[0].T, draw, 0.3)):
        np.testing.assert_allclose(mine, expected, atol=1e-12)


def test_the_factors_whiten_what_they_are_fitted_to() -> None:
    covariance = np.diag([1.0, 9.0, 0.1, 4.0, 1.0])
    gradients = np.sqrt(covariance) @ np.random.default_rng(1).standard_normal((3000, 5, 3))
    tx: Any = gl.scale_by_whitening(rate=0.02)
    _, updates = jax.lax.scan(lambda s, g: tx.update(g, s)[::-1], tx.init(jnp.zeros((5, 3))), jnp.asarray(gradients))
    last = np.asarray(updates)[-1000:]
    np.testing.assert_allclose(np.einsum("kia,kja->ij", last, last) / 3000, np.eye(5), atol=0.3)


def test_factors_are_fitted_at_the_given_steps_and_not_to_zeros() -> None:
    tx: Any = gl.scale_by_whitening(every=3, key=0)
    state, changed = tx.init(jnp.zeros((5, 3))), []
    for gradient in (*GRADIENTS[:5], *np.zeros((3, 5, 3)), GRADIENTS[5], GRADIENTS[6]):
        before, state = state, tx.update(jnp.asarray(gradient), state)[1]
        pairs = zip(before.factors, state.factors, strict=True)
        changed.append([bool((old != new).any()) for old, new in pairs])
    for side in np.transpose(changed):
        np.testing.assert_array_equal(np.flatnonzero(side) + 1, [1, 4, 10])


def test_stacked_matrices_are_fitted_one_by_one_also_under_vmap() -> None:
    stack, alone = jnp.asarray(GRADIENTS), gl.scale_by_whitening(max_size=4)
    tx: Any = alone.replace(layout=gl.matrix_shape("flax", batch_axes=1))
    together = tx.update(stack, tx.init(stack))[0]
    one_by_one = jax.jit(jax.vmap(lambda g: alone.update(g, alone.init(g))[0]))(stack)
    np.testing.assert_allclose(together, one_by_one, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_triangular_matrices_are_inverted(size: int) -> None:
    x = np.triu(np.random.default_rng(size).standard_normal((2, size, size)) / size**0.5) + 2 * np.eye(size)
    np.testing.assert_allclose(jax.jit(invert_triangular)(x), np.linalg.inv(x), atol=1e-12)
