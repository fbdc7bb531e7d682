"""Links that divide by a measure of the gradient, against a NumPy line of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


@pytest.fixture
def gradients(rng: np.random.Generator) -> np.ndarray:
    g = rng.standard_normal((8, 4)) * np.array([1.0, 1e-4, 1e3, 1.0])
    g[:3, 3] = 0.0  # zero at the first steps
    return g


def mean_of(values: np.ndarray, decay: float) -> np.ndarray:
    m, means = np.zeros_like(values[0]), []
    for row in values:
        m = decay * m + (1 - decay) * row
        means.append(m)
    return np.stack(means)


def quotient(d: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator == 0, 0.0, d / np.where(denominator == 0, 1.0, denominator))


def square(g: np.ndarray) -> np.ndarray:
    return np.real(g * np.conj(g))


EPSILONS = [(1e-8, 0.0), (0.0, 0.0), (0.0, 1e-3), (0.1, 0.2)]


@pytest.mark.parametrize(("eps", "eps_root"), EPSILONS)
@pytest.mark.parametrize("decay", [0.9, 0.0])
def test_scale_by_rms(
    decay: float, eps: float, eps_root: float, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.scale_by_rms(decay, eps, eps_root), gradients)
    expected = quotient(gradients, np.sqrt(mean_of(gradients**2, decay) + eps_root) + eps)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize(("eps", "eps_root"), EPSILONS)
@pytest.mark.parametrize("initial", [0.0, 0.5])
def test_scale_by_rss(
    initial: float, eps: float, eps_root: float, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.scale_by_rss(initial, eps, eps_root), gradients)
    expected = quotient(gradients, np.sqrt(initial + np.cumsum(gradients**2, axis=0) + eps_root) + eps)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize(("eps", "eps_root"), EPSILONS[1:])
def test_scale_by_stddev(eps: float, eps_root: float, rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_stddev(0.9, eps, eps_root), gradients)
    variance = np.maximum(mean_of(gradients**2, 0.9) - mean_of(gradients, 0.9) ** 2, 0)
    np.testing.assert_allclose(got, quotient(gradients, np.sqrt(variance + eps_root) + eps), rtol=1e-11)


def test_scale_by_stddev_with_another_decay_for_the_mean(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_stddev(0.9, 1e-3, mean_decay=0.5), gradients)
    variance = np.maximum(mean_of(gradients**2, 0.9) - mean_of(gradients, 0.5) ** 2, 0)
    np.testing.assert_allclose(got, gradients / (np.sqrt(variance) + 1e-3), rtol=1e-11)


def test_a_constant_gradient_has_no_deviation(rollout: Callable[..., Any]) -> None:
    got = rollout(
        gl.scale_by_stddev(gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9)), 0.5), np.ones((5, 2))
    )
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, 2.0, rtol=1e-6)  # the variance may round to just above zero, but never below


@pytest.mark.parametrize(("eps", "eps_inside"), [(0.0, 0.0), (1e-3, 0.0), (0.0, 1e-3), (0.1, 0.2)])
@pytest.mark.parametrize("decay", [0.9, 0.0])
def test_scale_by_infinity_norm(
    decay: float, eps: float, eps_inside: float, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.scale_by_infinity_norm(decay, eps, eps_inside), gradients)
    u = np.zeros(4)
    for g, row in zip(gradients, got):
        u = np.maximum(decay * u, np.abs(g) + eps_inside)
        np.testing.assert_allclose(row, quotient(g, u + eps), rtol=1e-13)


@pytest.mark.parametrize("eps", [1e-6, 0.5])
def test_scale_by_update_rms(eps: float, rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_update_rms(0.9, eps), gradients)
    w = np.zeros(4)
    for g, row in zip(gradients, got):
        d = np.sqrt(w + eps) * g  # the average of the updates before this one
        w = 0.9 * w + 0.1 * d**2
        np.testing.assert_allclose(row, d, rtol=1e-13)


def test_scale_by_update_rms_without_eps_never_moves(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    np.testing.assert_array_equal(rollout(gl.scale_by_update_rms(0.9, 0.0), gradients), 0.0)


# Estimators in the place of the running mean.


def test_a_bare_decay_is_a_running_mean_as_estimator(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    np.testing.assert_array_equal(
        rollout(gl.scale_by_rms(gl.scale_by_momentum(0.9)), gradients), rollout(gl.scale_by_rms(0.9), gradients)
    )


def test_an_estimator_is_applied_to_the_squared_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    estimator = gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9), gl.running_max())
    t = np.arange(1, 9)[:, None]
    v = np.maximum.accumulate(mean_of(gradients**2, 0.9) / (1 - 0.9**t), axis=0)
    got = rollout(gl.scale_by_rms(estimator, 1e-3), gradients)
    np.testing.assert_allclose(got, gradients / (np.sqrt(v) + 1e-3), rtol=1e-12)


def test_the_estimator_sees_the_square_of_the_gradient_and_not_of_the_direction(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.chain(gl.scale_by_momentum(0.5), gl.scale_by_rms(gl.running_sum(), 1e-3)), gradients)
    expected = mean_of(gradients, 0.5) / (np.sqrt(np.cumsum(gradients**2, axis=0)) + 1e-3)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_both_estimators_of_a_deviation_may_be_given(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.scale_by_stddev(gl.scale_by_momentum(0.9), 1e-3, mean_decay=gl.scale_by_momentum(0.5)), gradients)
    np.testing.assert_array_equal(got, rollout(gl.scale_by_stddev(0.9, 1e-3, mean_decay=0.5), gradients))


# Complex leaves: second moments use |g|^2, and are real.

COMPLEX_LINKS = [
    gl.scale_by_rms(0.9, 1e-3),
    gl.scale_by_rss(0.0, 1e-3),
    gl.scale_by_stddev(0.9, 1e-3),
    gl.scale_by_infinity_norm(0.9, 1e-3),
    gl.scale_by_update_rms(0.9, 1e-3),
]


@pytest.mark.parametrize("tx", COMPLEX_LINKS, ids=lambda tx: tx.factory.name)
def test_turning_a_complex_gradient_turns_the_result(
    tx: Any, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    z = gradients + 1j * gradients[::-1]
    turn = np.exp(0.7j)
    np.testing.assert_allclose(rollout(tx, turn * z), turn * rollout(tx, z), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(rollout(tx, gradients + 0j), rollout(tx, gradients), rtol=1e-12)


@pytest.mark.parametrize("tx", COMPLEX_LINKS, ids=lambda tx: tx.factory.name)
def test_the_moments_of_complex_leaves_are_real(tx: Any) -> None:
    z = jnp.ones(2, "complex64")
    state = tx.init(z)
    updates, new_state = tx.update(z, state)
    assert updates.dtype == jnp.complex64
    for kept in (state, new_state):
        dtypes = [leaf.dtype.name for leaf in jax.tree.leaves(kept)]
        assert dtypes == (["complex64", "float32"] if "mean" in kept._fields else ["float32"])


def test_complex_magnitudes_by_hand(rollout: Callable[..., Any]) -> None:
    z = np.array([[3 + 4j, -5j, 0]])
    phase = [[0.6 + 0.8j, -1j, 0]]
    for tx in (gl.scale_by_rms(0.0, 0.0), gl.scale_by_rss(0.0, 0.0), gl.scale_by_infinity_norm(0.5)):
        np.testing.assert_allclose(rollout(tx, z), phase, atol=1e-15)
    np.testing.assert_allclose(rollout(gl.scale_by_rms(0.75, 0.0), z), 2 * np.array(phase), atol=1e-15)


# Extremes.

EVERY_LINK = [
    pytest.param(gl.scale_by_rms(0.9, 0.0), np.sqrt(10), id="rms"),
    pytest.param(gl.scale_by_rss(0.0, 0.0), 1.0, id="rss"),
    pytest.param(gl.scale_by_stddev(0.9, 0.0), 1 / 0.3, id="stddev"),
    pytest.param(gl.scale_by_infinity_norm(0.9), 1.0, id="infinity norm"),
]


@pytest.mark.parametrize(("tx", "first"), EVERY_LINK)
@pytest.mark.parametrize("size", [1.0, 1e30, 1e-30, 1e100, 1e-100])
def test_without_eps_the_scale_of_the_gradient_does_not_matter(
    tx: Any, first: float, size: float, rollout: Callable[..., Any]
) -> None:
    got = rollout(tx, size * np.array([[1.0, -2.0, 0.0]]))
    np.testing.assert_allclose(got, first * np.array([[1.0, -1.0, 0.0]]), rtol=1e-12)


@pytest.mark.parametrize(("tx", "first"), EVERY_LINK)
def test_squares_beyond_float32_give_no_nan(tx: Any, first: float, rollout: Callable[..., Any]) -> None:
    gradients = np.array([[1e30, 1e-30, -1e30], [1.0, 1e-30, 0.0]], np.float32)
    assert np.isfinite(rollout(tx, gradients)).all()


@pytest.mark.parametrize(("tx", "first"), EVERY_LINK)
def test_a_nan_stays_in_its_element(tx: Any, first: float, rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    gradients[4, 1] = np.nan
    got = rollout(tx, gradients)
    assert np.isfinite(got[:, [0, 2, 3]]).all()
    assert np.isnan(got[4:, 1]).all()


@pytest.mark.parametrize(("tx", "first"), EVERY_LINK)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision_is_measured_in_float32(tx: Any, first: float, dtype: str, rollout: Callable[..., Any]) -> None:
    gradients = jnp.array([[1e-4, -2e-4, 0.0]], dtype)  # whose squares float16 cannot hold
    got = rollout(tx, gradients)
    assert got.dtype == dtype
    np.testing.assert_allclose(np.asarray(got, float), first * np.array([[1.0, -1.0, 0.0]]), rtol=1e-2)


def test_scalars_and_empty_trees() -> None:
    for tx in (gl.scale_by_rms(0.0, 0.0), gl.scale_by_stddev(), gl.scale_by_infinity_norm(), gl.scale_by_update_rms()):
        for tree in ({}, (), None, {"a": None}):
            assert tx.update(tree, tx.init(tree))[0] == tree
        assert tx.update(jnp.asarray(2.0), tx.init(jnp.asarray(2.0)))[0].shape == ()
    assert gl.scale_by_rms(0.0, 0.0).update(3.0, gl.scale_by_rms(0.0, 0.0).init(1.0))[0] == 1.0
