"""`trajectory`, which runs a reference from start to end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.testing import references
from tests.testing.references.examples import run


def test_trajectory_starts_at_x0_and_evaluates_schedules_from_zero():
    seen = []

    def rate(k):
        seen.append(k)
        return [1.0, 10.0, 100.0][k]

    x0 = np.array([[1.0], [2.0]], np.float32)
    points = run(references.sgd, x0, np.ones((3, 2, 1), np.float32), learning_rate=rate)
    assert seen == [0, 1, 2]
    assert points.shape == (4, 2, 1)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points[:, 0, 0], [1.0, 0.0, -10.0, -110.0])
    np.testing.assert_array_equal(x0, [[1.0], [2.0]])


def test_trajectory_passes_the_step_and_the_point():
    def step(g, state, t, x):
        return g + t, {**state, t: x}

    points = run(step, 1.0, lambda x: 10 * x, steps=2)
    np.testing.assert_array_equal(points, [1.0, 12.0, 134.0])


def test_trajectory_takes_jax_arrays_and_functions():
    with jax.enable_x64(True):
        gradient = jax.grad(lambda x: jnp.sum(x**3))
        points = run(references.sgd, jnp.array([1.0, 0.5]), gradient, steps=1, learning_rate=0.1)
    np.testing.assert_allclose(points[1], [0.7, 0.425], rtol=1e-15)


def test_trajectory_with_no_gradients_is_its_start():
    points = run(references.sgd, [1.0, 2.0], np.zeros((0, 2)))
    np.testing.assert_array_equal(points, [[1.0, 2.0]])


@pytest.mark.parametrize(
    ("gradients", "steps", "message"),
    [
        (lambda x: x, None, "no `steps`"),
        (np.ones((3, 2)), 4, "steps=4, 3 gradients"),
        (np.ones((3, 1)), None, r"shape \(1,\), expected x0's shape \(2,\)"),
        (lambda x: x[0], 3, r"shape \(\), expected x0's shape \(2,\)"),
    ],
)
def test_trajectory_refuses_what_does_not_fit(gradients, steps, message):
    with pytest.raises(ValueError, match=message):
        run(references.sgd, np.zeros(2), gradients, steps=steps)
