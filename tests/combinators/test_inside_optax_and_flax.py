"""Chains of gradlab work inside the wrappers of optax and the training states of Flax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.nnx as nnx
import flax.training.train_state
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.combinators.links import B1, B2, EPS, RATE, in_series, momentum, rms


def optax_rollout(tx: Any, gradients: np.ndarray) -> np.ndarray:
    with jax.numpy_dtype_promotion("standard"):
        params = jnp.asarray(gradients[0])
        state, update, results = tx.init(params), jax.jit(tx.update), []
        for gradient in gradients:
            updates, state = update(jnp.asarray(gradient), state, params)
            results.append(np.asarray(updates))
    return np.stack(results)


def at_every_second_step(results: np.ndarray) -> np.ndarray:
    spread = np.zeros((2 * len(results), *results.shape[1:]))
    spread[1::2] = results
    return spread


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [
        pytest.param(
            lambda: optax.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS)),
            lambda g: rms(momentum(g, g), momentum(g, g)),
            id="chain",
        ),
        pytest.param(
            lambda: optax.chain(optax.clip(0.5), gl.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS))),
            lambda g: in_series(momentum, rms)(np.clip(g, -0.5, 0.5)),
            id="a chain in chain",
        ),
        pytest.param(
            lambda: optax.masked(gl.chain(gl.scale_by_momentum(B1), gl.scale_by_rms(B2, EPS)), True),
            in_series(momentum, rms),
            id="masked",
        ),
        pytest.param(
            lambda: optax.partition({"x": gl.scale_by_momentum(B1), "y": optax.set_to_zero()}, "x"),
            lambda g: momentum(g, g),
            id="partition",
        ),
        pytest.param(
            lambda: optax.apply_if_finite(gl.scale_by_momentum(B1), 2), lambda g: momentum(g, g), id="apply_if_finite"
        ),
        pytest.param(
            lambda: optax.MultiSteps(gl.scale_by_momentum(B1), 2),
            lambda g: at_every_second_step(momentum((g[::2] + g[1::2]) / 2, g)),
            id="MultiSteps",
        ),
        pytest.param(
            lambda: optax.inject_hyperparams(gl.scale_by_momentum)(decay=B1),
            lambda g: momentum(g, g),
            id="inject_hyperparams",
        ),
        pytest.param(
            lambda: optax.inject_hyperparams(gl.sgd)(learning_rate=optax.linear_schedule(1.0, 0.0, 10)),
            lambda g: -g * (1 - np.arange(6)[:, None] / 10),
            id="inject_hyperparams with a schedule",
        ),
    ],
)
def test_ours_work_inside_optaxs(wrap: Callable[[], Any], expected: Callable[..., Any], gradients: np.ndarray) -> None:
    np.testing.assert_allclose(
        optax_rollout(wrap(), gradients), expected(gradients), rtol=1e-6, atol=1e-7
    )  # optax averages in float32


def test_masked_in_and_around_a_chain(gradients: np.ndarray) -> None:
    tree = {"a": jnp.ones(2), "b": jnp.full(2, 2.0)}
    tx = optax.masked(gl.chain(gl.scale_by_momentum(0.5), gl.scale(2.0)), {"a": True, "b": False})
    updates, _ = tx.update(tree, tx.init(tree))
    np.testing.assert_array_equal(updates["a"], [1.0, 1.0])
    np.testing.assert_array_equal(updates["b"], [2.0, 2.0])
    inside = gl.chain(gl.scale(2.0), optax.masked(gl.scale_by_momentum(0.5), {"a": True, "b": False}))
    updates, _ = inside.update(tree, inside.init(tree))
    np.testing.assert_array_equal(updates["a"], [1.0, 1.0])
    np.testing.assert_array_equal(updates["b"], [4.0, 4.0])


def test_apply_if_finite_skips_the_bad_step() -> None:
    tx = optax.apply_if_finite(gl.sgd(1.0, momentum=0.5), 3)
    params = jnp.ones(2)
    state = tx.init(params)
    for gradient, expected in ((1.0, -1.0), (np.nan, 0.0), (1.0, -1.5)):
        updates, state = tx.update(jnp.full(2, gradient), state, params)
        np.testing.assert_array_equal(updates, [expected, expected])


def test_flax_train_state_takes_ours() -> None:
    state = flax.training.train_state.TrainState.create(apply_fn=None, params={"w": jnp.ones(3)}, tx=gl.adam(RATE))
    for _ in range(2):
        state = jax.jit(lambda s: s.apply_gradients(grads={"w": jnp.array([1.0, -2.0, 0.5])}))(state)
    assert state.step == 2
    np.testing.assert_allclose(state.params["w"], [0.8, 1.2, 0.8], rtol=1e-6)


def test_nnx_optimizer_takes_ours() -> None:
    model: Any = nnx.Linear(2, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    optimizer = nnx.Optimizer(model, gl.chain(gl.clip_by_global_norm(1e6), gl.sgd(0.5)), wrt=nnx.Param)
    before = np.asarray(model.bias.get_value())

    @nnx.jit
    def step(model: Any, optimizer: Any) -> None:
        gradient = nnx.grad(lambda model: model.bias.get_value().sum())(model)
        optimizer.update(model, gradient)

    step(model, optimizer)
    np.testing.assert_allclose(model.bias.get_value(), before - 0.5)


@pytest.mark.parametrize("as_array", [False, True])
def test_nnx_optimizer_takes_a_value_of_numbers_or_of_arrays(as_array: bool) -> None:
    traces = []

    @nnx.jit
    def step(model: Any, optimizer: Any) -> None:
        traces.append(optimizer.tx)
        optimizer.update(model, nnx.grad(lambda model: model.bias.get_value().sum())(model))

    make: Callable[[float], Any] = jnp.asarray if as_array else float
    model: Any = nnx.Linear(2, 3, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    tx = gl.sgd(0.5, momentum=0.9)
    optimizer = nnx.Optimizer(model, jax.tree.map(jnp.asarray, tx) if as_array else tx, wrt=nnx.Param)
    before = np.asarray(model.bias.get_value())
    for rate in (0.5, 0.25, 0.125):
        optimizer.tx = optimizer.tx.replace(learning_rate=make(rate))
        step(model, optimizer)
    np.testing.assert_allclose(model.bias.get_value(), before - (0.5 + 0.25 * 1.9 + 0.125 * 2.71))
    assert len(traces) == (1 if as_array else 3)  # arrays are data, and Python numbers structure
    graph, data = nnx.split(optimizer)
    assert nnx.merge(graph, data).tx == optimizer.tx
