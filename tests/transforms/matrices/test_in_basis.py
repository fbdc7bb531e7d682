"""A transformation in another basis: what it sees there, what turns, and what a basis is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing.references.matrix_bases import find_q
from gradlab.transforms.matrices.decompositions import orthonormalize, power_step
from tests.optimizers.runs import points

GRADIENTS = np.random.default_rng(0).standard_normal((8, 4, 3))


def test_a_momentum_that_turns_with_the_basis_is_the_momentum_outside() -> None:
    momentum = gl.in_basis(gl.scale_by_momentum(0.8), gl.eigenbasis(0.9, every=2))
    plain = gl.chain(gl.scale_by_momentum(0.8))
    later = GRADIENTS.copy()
    later[0] = 0.0  # the plain momentum has no first gradient either
    got, expected = (np.asarray(points(tx, jnp.zeros((4, 3)), g)) for tx, g in ((momentum, GRADIENTS), (plain, later)))
    np.testing.assert_allclose(got, expected, atol=1e-12)
    stale = points(momentum.replace(turn_moments=False), jnp.zeros((4, 3)), GRADIENTS)
    assert np.abs(stale - expected).max() > 0.1


def test_second_moments_keep_their_numbers_when_the_basis_turns() -> None:
    tx: Any = gl.in_basis(gl.scale_by_rms(0.9), gl.eigenbasis(0.9, every=1))
    state, before = tx.init(jnp.zeros((4, 3))), np.zeros(())
    for g in GRADIENTS:
        _, state = tx.update(jnp.asarray(g), state)
        basis = state.basis
        square = np.asarray(basis.left[0].T @ g.T @ basis.right[0]) ** 2 * float(basis.is_known)
        before = 0.9 * before + 0.1 * square
        np.testing.assert_allclose(state.inner.second_moment.moment[0], before, atol=1e-14)


def test_each_matrix_of_a_stack_has_its_own_basis() -> None:
    tx = gl.in_basis(gl.scale_by_rms(0.9), gl.eigenbasis(0.9, 2), gl.matrix_shape("flax", batch_axes=1))
    alone = tx.replace(layout="flax")
    stacked = np.stack([GRADIENTS, 100.0 * GRADIENTS[::-1]], axis=1)
    got = np.asarray(points(tx, jnp.zeros((2, 4, 3)), stacked))
    for index in range(2):
        expected = points(alone, jnp.zeros((4, 3)), stacked[:, index])
        np.testing.assert_allclose(got[:, index], expected, atol=1e-12)


def test_the_parameters_are_in_the_basis_too() -> None:
    tx = gl.in_basis(gl.add_decayed_weights(0.5), gl.singular_basis(rank=2))
    x, g = (jnp.asarray(each) for each in GRADIENTS[:2])
    update, _ = tx.update(g, tx.init(x), x)
    _, _, v = np.linalg.svd(np.asarray(g))
    projector = v[:2].T @ v[:2]
    np.testing.assert_allclose(update, (g + 0.5 * x) @ projector, atol=1e-12)


def test_the_basis_measures_the_gradient_behind_a_momentum() -> None:
    tx: Any = gl.chain(gl.scale_by_momentum(0.9), gl.in_basis(gl.scale_by_rms(0.9), gl.eigenbasis(0.5)))
    _, state = tx.update(jnp.asarray(GRADIENTS[0]), tx.init(jnp.zeros((4, 3))))
    np.testing.assert_allclose(state[1].basis.rows[0], 0.5 * GRADIENTS[0].T @ GRADIENTS[0], atol=1e-12)


def test_a_long_side_keeps_its_axes() -> None:
    basis: Any = gl.eigenbasis(max_size=3)
    state = gl.in_basis(gl.scale_by_rms(), basis).init(jnp.zeros((4, 3)))
    assert state.basis.right is None  # four inputs
    assert state.basis.left.shape == (1, 3, 3)


def test_what_belongs_to_the_parameters_stays_outside() -> None:
    with pytest.raises(ValueError, match=r"reads or defines gradient_fn.*sam\(in_basis"):
        gl.in_basis(gl.gradient_at(gl.scale(1.0)), gl.eigenbasis())
    with pytest.raises(ValueError, match="reads or defines eval_params"):
        gl.in_basis(gl.lookahead(gl.sgd(0.1)), gl.eigenbasis())
    with pytest.raises(ValueError, match="in_basis takes matrices"):
        gl.in_basis(gl.scale_by_rms(), gl.eigenbasis()).init(jnp.zeros(3))
    with pytest.raises(ValueError, match="every is the number of steps between two decompositions, at least 1; got 0"):
        gl.eigenbasis(every=0)
    with pytest.raises(ValueError, match="rank is the number of singular vectors, at least 1; got 0"):
        gl.singular_basis(0)
    with pytest.raises(ValueError, match=r"eigenbasis takes matrices.*\(3,\)"):
        gl.eigenbasis().init(jnp.zeros(3))


def test_what_is_no_basis_is_refused() -> None:
    with pytest.raises(TypeError, match=r"basis must be .*eigenbasis\(\).*got scale\(.*has no left"):
        gl.in_basis(gl.scale_by_rms(), gl.scale(1.0)).init(jnp.zeros((2, 3)))


def test_orthonormal_columns_are_those_of_a_qr_decomposition() -> None:
    x = GRADIENTS + 1j * GRADIENTS[::-1]
    got = jax.vmap(orthonormalize)(jnp.asarray(x))
    np.testing.assert_allclose(got, np.stack(list(map(find_q, x))), atol=1e-13)


@pytest.mark.parametrize("shape", [(1, 0, 2), (1, 2, 0), (3, 0, 0)])
def test_matrices_without_elements_stay_what_they_are(shape: tuple[int, ...]) -> None:
    assert orthonormalize(jnp.zeros(shape)).shape == shape


def test_power_iteration_ends_at_eigenvectors_and_leaves_a_null_space_alone() -> None:
    x = np.diag([4.0, 1.0, 0.0, 0.0])
    turned = find_q(np.random.default_rng(1).standard_normal((4, 4)))
    basis = jnp.asarray(turned)
    for _ in range(60):
        basis = power_step(jnp.asarray(x), basis)
    np.testing.assert_allclose(np.abs(basis[:, :2]), np.eye(4)[:, :2], atol=1e-12)
    np.testing.assert_array_equal(power_step(jnp.zeros((4, 4)), jnp.eye(4)), np.eye(4))


def test_a_chain_as_users_write_it_prints_and_trains() -> None:
    tx = gl.chain(gl.in_basis(gl.adam(0.1), gl.eigenbasis()), gl.add_decayed_weights(0.0))
    assert eval(repr(tx), {**vars(gl)}) == tx
    state = tx.init(jnp.ones((2, 2)))
    assert optax.tree_utils.tree_get(state, "step") == 0
