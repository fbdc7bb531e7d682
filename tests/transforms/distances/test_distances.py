"""Estimates of the distance: numbers by hand, errors, stacked layers and shards."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import references
from tests.transforms.test_shards import MESH, SPECS, tree

START = {"w": jnp.array([3.0, 0.0]), "b": jnp.array([4.0])}  # of norm 5


def test_the_distance_is_that_of_the_whole_tree_and_never_falls() -> None:
    tx = gl.distance_from_start(gl.scale_by_distance(), initial=0.5)
    state, ones = tx.init(START), jax.tree.map(jnp.ones_like, START)
    for way, expected in ((0.0, 0.5 * (1 + 5)), (2.0, 2 * 3**0.5), (1.0, 2 * 3**0.5)):
        updates, state = tx.update(ones, state, jax.tree.map(lambda x, way=way: x + way, START))
        np.testing.assert_allclose(updates["b"], [expected], rtol=1e-12)
    assert gl.metrics(state)["distance_from_start/distance"] == updates["b"][0]


def test_the_sum_of_squares_is_that_of_the_whole_tree() -> None:
    tx = gl.scale_by_global_rss(eps=1.0, eps_root=11.0)
    state = tx.init(START)
    for root in (6.0, 61**0.5):
        updates, state = tx.update(START, state)
        np.testing.assert_allclose(updates["w"], [3 / (root + 1), 0.0])
    plain = gl.scale_by_global_rss()
    np.testing.assert_array_equal(plain.update(jnp.zeros(2), plain.init(jnp.zeros(2)))[0], 0.0)


def test_a_distance_is_estimated_from_the_progress_along_the_gradients() -> None:
    tx = gl.prodigy_distance(gl.scale_by_distance(), decay=0.5, initial=0.1, coefficient=3.0)
    state, gradient = tx.init(jnp.zeros(2)), jnp.array([2.0, -2.0])
    updates, state = tx.update(gradient, state, jnp.zeros(2))
    np.testing.assert_allclose(updates, 0.1 * gradient)  # with the distance of before
    _, state = tx.update(gradient, state, jnp.array([-1.0, 1.0]))
    # r = 0.01 * 4 (in units of the initial distance, which cancel) and s = (0.5 + 1) * 0.01 * (2, -2)
    np.testing.assert_allclose(state.distance, 3.0 * 4 / (1.5 * 4))


def test_a_gradient_without_a_finite_square_leaves_d_adaptation_alive(rollout: Any) -> None:
    gradients = np.array([[1.0, -2.0], [1e20, 3e38], [1.0, -2.0], [1.0, 2.0]])
    tx = gl.dadapt_adam(1.0, 0.5, 0.7, initial=0.1)
    got, exact = (rollout(tx, jnp.asarray(gradients, dtype)) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(got, exact, rtol=1e-4)
    assert (np.abs(got[-1] - got[-2]) > 0).all()


@pytest.mark.parametrize(
    ("tx", "text"),
    [
        (gl.scale_by_distance(), "put its chain inside distance_from_start"),
        (gl.scale_by_rates(), "inside d_adaptation"),
    ],
)
def test_a_link_without_its_signal_says_who_measures_it(tx: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        tx.update(jnp.zeros(2), tx.init(jnp.zeros(2)))


def test_a_combinator_that_measures_a_signal_does_not_ask_for_it() -> None:
    assert gl.scale_by_distance().core.reads() == {"distance"}
    for tx in (gl.dog(), gl.prodigy(), gl.dadapt_adam()):
        assert not {"distance", "rates"} & tx.core.reads()


def test_stacked_layers_have_a_distance_each() -> None:
    stack = jnp.stack([jnp.ones(2), 10.0 * jnp.ones(2)])
    gradient = jnp.ones((2, 2))
    tx = gl.each(gl.dog())
    updates, _ = tx.update(gradient, tx.init(stack), stack)
    for layer in range(2):
        apart, _ = gl.dog().update(gradient[layer], gl.dog().init(stack[layer]), stack[layer])
        np.testing.assert_allclose(updates[layer], apart)


def test_mechanic_moves_as_its_reference_and_its_first_update_moves_nothing() -> None:
    starts = {"w": np.array([0.5, -0.3]), "b": np.array([[1.0]])}
    slopes = {"w": np.array([0.3, 2.0]), "b": np.array([[1.0]])}
    options: dict[str, Any] = {"weight_decay": 0.3, "initial": 1e-2, "eps": 1e-3, "decays": 3}

    def gradient(x: Any) -> Any:
        return {path: slopes[path] * x[path] for path in x}

    expected = references.trajectory(references.mechanic, starts, gradient, steps=30, **options)
    tx = gl.mechanic(gl.sgd(0.1, momentum=0.9), **options)
    params = jax.tree.map(jnp.asarray, starts)
    state, update = tx.init(params), jax.jit(tx.update)
    for step in range(1, 31):
        updates, state = update(gradient(params), state, params)
        params = jax.tree.map(jnp.add, params, updates)
        for path in starts:
            np.testing.assert_allclose(params[path], expected[path][step], rtol=1e-12, atol=1e-14)
    assert np.abs(expected["w"][30] - starts["w"]).max() > 0.1
    np.testing.assert_array_equal(expected["w"][1], starts["w"])
    np.testing.assert_allclose(gl.metrics(state)["mechanic/scale"], state.scale.sum())


def test_mechanic_refuses_no_tuner_and_an_optimizer_with_points() -> None:
    with pytest.raises(ValueError, match="at least 1; got 0"):
        gl.mechanic(gl.sgd(0.1), decays=0)
    with pytest.raises(ValueError, match="mechanic moves the parameters"):
        gl.mechanic(gl.lookahead(gl.sgd(0.1)))


@pytest.mark.parametrize("name", ["dog", "dowg", "prodigy", "dadapt_adam"])
def test_sums_over_shards_are_those_of_the_whole_tree(name: str, rng: np.random.Generator) -> None:
    params, gradients = tree(rng), [tree(rng) for _ in range(3)]

    def train(params: Any, gradients: Any, axis_name: Any = None) -> Any:
        tx = getattr(gl, name)(initial=0.1, axis_name=axis_name)
        state = tx.init(params)
        for gradient in gradients:
            updates, state = tx.update(gradient, state, params)
            params = jax.tree.map(jnp.add, params, updates)
        return params

    mapped = jax.shard_map(lambda p, g: train(p, g, "model"), mesh=MESH, in_specs=(SPECS, [SPECS] * 3), out_specs=SPECS)
    expected = jax.jit(train)(params, gradients)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), jax.jit(mapped)(params, gradients), expected
    )
