"""`trajectory`, which runs a reference from start to end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.testing import references
from gradlab.testing.references.runner import displacements
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


def test_a_tree_is_moved_leaf_by_leaf_with_a_state_for_each():
    gradients = {"a": np.ones((2, 3)), "b/0": np.full((2, 1), 2.0), "empty": np.zeros((2, 0))}
    x0 = {path: np.zeros(leaf.shape[1:]) for path, leaf in gradients.items()}
    points = run(references.sgd, x0, gradients, learning_rate=1.0, momentum=0.5)
    np.testing.assert_array_equal(points["a"], [[0.0] * 3, [-1.0] * 3, [-2.5] * 3])
    np.testing.assert_array_equal(points["b/0"], [[0.0], [-2.0], [-5.0]])
    assert points["empty"].shape == (3, 0)


def test_a_reference_of_the_whole_tree_gets_all_leaves():
    @references.whole_tree
    def share(g, state, t, x):
        total = sum(leaf.sum() for leaf in g.values())
        return {path: leaf + total for path, leaf in g.items()}, {}

    points = run(share, {"a": 0.0, "b": 0.0}, {"a": np.array([1.0]), "b": np.array([10.0])})
    np.testing.assert_array_equal([points["a"][1], points["b"][1]], [12.0, 21.0])


def test_displacements_do_not_round_as_the_points_do():
    x0, gradients = {"": np.ones(1)}, {"": np.full((3, 1), 1e-20)}
    np.testing.assert_allclose(displacements(references.sgd, x0, gradients, learning_rate=1.0)[""][-1], -3e-20)
    np.testing.assert_array_equal(run(references.sgd, x0, gradients, learning_rate=1.0)[""][-1], 1.0)
