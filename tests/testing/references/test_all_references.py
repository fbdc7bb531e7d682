"""The properties that every reference has: finite, pure, real second moments, zero change at zero gradients."""

from typing import Any

import numpy as np
import pytest

from gradlab.testing import references
from tests.testing.references.examples import STEPS, each_reference, gradients_of, run

# Warnings are errors in these tests, whatever options pytest is run with.


@each_reference
@pytest.mark.filterwarnings("error")
def test_zero_gradients_give_zero_change(step, hyperparameters):
    zeros = np.zeros((3, 2))
    decay: dict[str, Any] = {"weight_decay": 0.0} if step is references.adamw else {}
    points = run(step, np.ones(2), zeros, **hyperparameters, **decay)
    np.testing.assert_array_equal(points, 1.0)
    points = run(step, np.ones(2), zeros + 0j, **hyperparameters, **decay)
    np.testing.assert_array_equal(points, 1.0)


@each_reference
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e6, 1.0, 1e-12])
def test_sparse_gradients_give_finite_paths(step, hyperparameters, scale):
    g = gradients_of(scale, sparse=True)
    points = run(step, np.zeros(6), g, **hyperparameters)
    assert np.all(np.isfinite(points))
    np.testing.assert_array_equal(points[:, 0], 0.0)
    with_zeros_first = run(step, np.zeros(6), g[:6], **hyperparameters)
    np.testing.assert_array_equal(with_zeros_first[:6, 1], 0.0)


@pytest.mark.filterwarnings("error")
def test_centered_rmsprop_takes_no_root_of_a_rounding_error():
    g = np.tile(np.linspace(0.1, 3.0, 50), (STEPS, 1))  # constant: v - mean^2 tends to zero
    points = run(references.rmsprop, np.zeros(50), g, decay=0.5, centered=True)
    assert np.all(np.isfinite(points))


@each_reference
def test_first_step_descends(step, hyperparameters):
    g = np.array([2.0, -3e-4])
    change, _ = step(g, {}, 1, np.zeros(2), **hyperparameters)
    if step is references.adadelta and hyperparameters == {"eps": 0.0}:
        np.testing.assert_array_equal(change, 0.0)  # w = 0 stays 0
    else:
        np.testing.assert_array_equal(np.sign(change), -np.sign(g))


@each_reference
def test_steps_are_pure(step, hyperparameters):
    g, x = np.array([2.0, -3.0]), np.array([0.5, 1.0])
    state: dict[str, Any] = {}
    for t in range(1, 4):
        kept = {name: np.copy(value) for name, value in state.items()}
        first = step(g, state, t, x, **hyperparameters)
        second = step(g, state, t, x, **hyperparameters)
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(g, [2.0, -3.0])
        np.testing.assert_array_equal(x, [0.5, 1.0])
        assert list(state) == list(kept)
        for name in kept:
            np.testing.assert_array_equal(state[name], kept[name])
        assert first[0].dtype == np.float64
        state = first[1]


@each_reference
def test_complex_gradients_turn_with_the_plane(step, hyperparameters):
    g = gradients_of(1.0, sparse=True) + 1j * gradients_of(1.0, sparse=True, seed=1)
    x0 = np.linspace(-1.0, 2.0, 6) + 1j
    turn = np.exp(0.7j)
    straight = run(step, x0, g, **hyperparameters)
    turned = run(step, turn * x0, turn * g, **hyperparameters)
    np.testing.assert_allclose(turned, turn * straight, rtol=1e-9, atol=1e-9)
    real = run(step, x0.real, g.real, **hyperparameters)
    as_complex = run(step, x0.real, g.real + 0j, **hyperparameters)
    assert real.dtype == np.float64
    assert as_complex.dtype == np.complex128
    np.testing.assert_allclose(as_complex, real, rtol=1e-12, atol=1e-15)


@each_reference
def test_moments_of_a_complex_gradient_are_real(step, hyperparameters):
    state: dict[str, Any] = {}
    for t in (1, 2):
        _, state = step(np.array([1.0 + 2.0j]), state, t, np.zeros(1), **hyperparameters)
    for name in {"v", "w", "s", "u"} & set(state) - ({"v"} if step is references.sgd else set()):
        assert not np.iscomplexobj(state[name]), name
