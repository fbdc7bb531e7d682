"""Algebraic identities between references, and between a reference and mathematics."""

import numpy as np
import pytest

from gradlab.testing import references
from tests.testing.references.examples import STEPS, assert_same_path, decaying_rate, gradients_of, list_changes, run

CURVATURE = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 0.3]])  # positive definite
START = np.array([1.0, -2.0, 0.5])


def quadratic_gradient(x):
    return CURVATURE @ x


def nesterov_by_looking_ahead(rate, u):
    """Nesterov as published: returns the points x + u v at which the gradient is taken."""
    x, v = START, np.zeros(3)
    points = [x + u * v]
    for k in range(STEPS):
        v = u * v - rate(k) * quadratic_gradient(x + u * v)
        x = x + v
        points.append(x + u * v)
    return np.stack(points)


@pytest.mark.parametrize("decay", [1.0, 0.97, 1.01], ids=["constant", "decaying", "growing"])
def test_nesterov_stores_the_look_ahead_point_at_any_rate(decay):
    def rate(k):
        return 0.05 * decay**k

    got = run(
        references.sgd,
        START,
        quadratic_gradient,
        steps=STEPS,
        learning_rate=rate,
        momentum=0.8,
        nesterov=True,
    )
    assert_same_path(got, nesterov_by_looking_ahead(rate, 0.8))


@pytest.mark.parametrize(("decay", "exact"), [(1.0, True), (0.97, False)])
def test_nesterov_with_the_rate_outside_is_exact_at_a_constant_rate_only(decay, exact):
    y, b = START, np.zeros(3)
    points = [y]
    for k in range(STEPS):
        g = quadratic_gradient(y)
        b = 0.8 * b + g
        y = y - 0.05 * decay**k * (g + 0.8 * b)
        points.append(y)
    got = run(
        references.sgd,
        START,
        quadratic_gradient,
        steps=STEPS,
        learning_rate=lambda k: 0.05 * decay**k,
        momentum=0.8,
        nesterov=True,
    )
    gap = np.abs(got - np.stack(points)).max() / np.abs(np.diff(points, axis=0)).sum()
    assert gap < 1e-14 if exact else gap > 1e-3


def test_descent_on_a_quadratic_is_a_power_of_the_matrix():
    points = run(references.sgd, START, quadratic_gradient, steps=20, learning_rate=0.1)
    shrink = np.linalg.matrix_power(np.eye(3) - 0.1 * CURVATURE, 20)
    np.testing.assert_allclose(points[-1], shrink @ START, rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-12])
def test_sign_descent_is_rmsprop_without_memory(scale):
    g = gradients_of(scale, sparse=True) * (1 + 2j)
    sign = run(references.sign_sgd, np.zeros(6), g, learning_rate=0.1)
    rms = run(references.rmsprop, np.zeros(6), g, learning_rate=0.1, decay=0.0, eps=0.0)
    assert_same_path(rms, sign, tolerance=1e-14)


def test_running_mean_is_a_dampened_heavy_ball():
    g = gradients_of(1.0)
    mean = run(references.momentum_average, np.zeros(6), g, learning_rate=decaying_rate)
    ball = run(
        references.sgd,
        np.zeros(6),
        g,
        learning_rate=decaying_rate,
        momentum=0.9,
        dampening=0.1,
    )
    other = run(references.sgd, np.zeros(6), g, learning_rate=0.1, momentum=0.9, dampening=0.9)
    same = run(references.momentum_average, np.zeros(6), g, learning_rate=0.1)
    assert_same_path(other, same)
    assert_same_path(ball / 0.9, mean / 0.1)


def test_adam_efficient_is_adam_with_a_larger_eps():
    g = gradients_of(1e-6)
    efficient = run(references.adam_efficient, np.zeros(6), g, eps=1e-8)
    adam = run(references.adam, np.zeros(6), g, eps=lambda k: 1e-8 / np.sqrt(1 - 0.999 ** (k + 1)))
    assert_same_path(efficient, adam)


def test_adam_without_momentum_is_corrected_rmsprop():
    g = gradients_of(1.0)
    adam = run(references.adam, np.zeros(6), g, b1=0.0, eps=0.0)
    rms = run(
        references.rmsprop,
        np.zeros(6),
        g,
        decay=0.999,
        eps=0.0,
        learning_rate=lambda k: 1e-3 * np.sqrt(1 - 0.999 ** (k + 1)),
    )
    assert_same_path(adam, rms)


def test_nadam_under_a_schedule_remembers_the_product_of_the_momenta():
    def u(k):  # as in the paper, k = 0 at the first step
        return 0.9 * (1 - 0.5 * 0.96 ** ((k + 1) / 10))

    g = gradients_of(1.0)
    got = run(references.nadam, np.zeros(6), g, b1=u, next_b1=lambda k: u(k + 1), eps=1e-3)
    us = np.array([u(k) for k in range(STEPS + 1)])
    points = [np.zeros(6)]
    for t in range(1, STEPS + 1):  # the sums instead of the recursions
        weights = np.array([(1 - us[i]) * np.prod(us[i + 1 : t]) for i in range(t)])
        m = weights @ g[:t]
        v_hat = 1e-3 * 0.999 ** np.arange(t - 1, -1, -1) @ g[:t] ** 2 / (1 - 0.999**t)
        m_hat = us[t] * m / (1 - np.prod(us[: t + 1]))
        m_hat = m_hat + (1 - us[t - 1]) * g[t - 1] / (1 - np.prod(us[:t]))
        points.append(points[-1] - 2e-3 * m_hat / (np.sqrt(v_hat) + 1e-3))
    assert_same_path(got, np.stack(points))


def test_amsgrad_is_adam_while_the_gradient_grows():
    g = np.geomspace(1.0, 1e3, STEPS)[:, None] * np.array([1.0, -2.0, 3.0])
    ams = run(references.amsgrad, np.zeros(3), g)
    assert_same_path(ams, run(references.adam, np.zeros(3), g))
    bound = run(references.amsbound, np.zeros(3), g, gamma=1e-9)
    assert_same_path(bound, run(references.adabound, np.zeros(3), g, gamma=1e-9))


@pytest.mark.parametrize("step", [references.adabound, references.amsbound])
def test_adabound_goes_from_adam_to_gradient_descent(step):
    g = gradients_of(1.0)
    loose = run(step, np.zeros(6), g, gamma=1e-15)
    tight = run(step, np.zeros(6), g, gamma=1e15, final_rate=0.3)
    if step is references.adabound:
        adam = run(references.adam_efficient, np.zeros(6), g)
        assert_same_path(loose, adam)
    descent = run(references.momentum_average, np.zeros(6), g, learning_rate=0.3)
    assert_same_path(tight, descent)


@pytest.mark.parametrize("step", [references.adabound, references.amsbound])
def test_adabound_stays_within_its_bounds_and_reaches_both(step):
    g = gradients_of(1.0) * np.array([1e-12, 1e-3, 1.0, 1.0, 10.0, 1e6])

    def rate(k):
        return 1e-2 * 0.99**k

    change = list_changes(step, g, np.zeros(6), learning_rate=rate, initial_rate=1e-2, gamma=0.1)
    m = list_changes(references.momentum_average, g, np.zeros(6), learning_rate=1.0)
    effective = change / m  # the rate of each coordinate at each step
    t = np.arange(1, STEPS + 1)[:, None]
    f = 0.1 * 0.99 ** (t - 1)
    lower, upper = f * (1 - 1 / (0.1 * t + 1)), f * (1 + 1 / (0.1 * t))
    slack = 1e-9  # differences of positions have lost digits
    assert np.all(effective >= lower * (1 - slack))
    assert np.all(effective <= upper * (1 + slack))
    np.testing.assert_allclose(effective[:, :1], upper, rtol=slack)
    np.testing.assert_allclose(effective[:, -1:], lower, rtol=slack)
    inside = (effective > lower * (1 + 1e-3)) & (effective < upper * (1 - 1e-3))
    assert inside.any()
