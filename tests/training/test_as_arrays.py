"""A transformation with arrays for its numbers is data for compilers that take Python numbers for structure."""

from __future__ import annotations

import pickle
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import gradlab as gl
from gradlab.core.tree_differences import have_same_structure

COMPOSED = gl.chain(
    gl.clip_by_global_norm(1.0), gl.add_noise(key=3), gl.store(gl.adamw(gl.schedules.cosine(0.1, 100))), gl.scale(0.5)
)


def test_every_number_becomes_an_array_and_the_updates_are_the_same() -> None:
    arrays = COMPOSED.as_arrays()
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(arrays))
    assert have_same_structure(arrays, COMPOSED)
    assert arrays == arrays.as_arrays() == pickle.loads(pickle.dumps(arrays))
    assert hash(arrays) == hash(COMPOSED.as_arrays())
    params = jnp.array([1.0, -2.0])
    first, second = (jax.jit(tx.update)(params, tx.init(params), params)[0] for tx in (COMPOSED, arrays))
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_equinox_compiles_once_for_ten_rates() -> None:
    traces = []

    @eqx.filter_jit
    def step(tx: Any, model: Any, state: Any) -> Any:
        traces.append(tx)
        gradient = eqx.filter_grad(lambda model: jnp.sum(model(jnp.ones(2)) ** 2))(model)
        updates, state = tx.update(gradient, state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, updates), state

    model: Any = eqx.nn.Linear(2, 1, key=jax.random.key(0))
    tx = gl.chain(gl.clip_by_global_norm(1.0), gl.adam(0.1)).as_arrays()
    state = tx.init(eqx.filter(model, eqx.is_inexact_array))
    for power in range(10):
        before = model
        model, state = step(tx.replace(learning_rate=0.1 / 2**power), model, state)
        assert abs(before.bias[0] - model.bias[0]) < 0.2 / 2**power
    assert len(traces) == 1


def test_nnx_optimizer_compiles_once_for_ten_rates() -> None:
    traces = []
    model: Any = nnx.Linear(1, 1, rngs=nnx.Rngs(0))
    tx = gl.chain(gl.clip_by_global_norm(1.0), gl.adam(0.1)).as_arrays()
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)

    @nnx.jit
    def step(model: Any, optimizer: Any) -> None:
        traces.append(optimizer)
        gradient = nnx.grad(lambda model: jnp.sum(model(jnp.ones((1, 1), jnp.float32)) ** 2))(model)
        optimizer.update(model, gradient)

    for power in range(10):
        before = np.asarray(model.bias[...])
        optimizer.tx = optimizer.tx.replace(learning_rate=0.1 / 2**power)
        step(model, optimizer)
        assert 0 < abs(before - model.bias[...])[0] < 0.2 / 2**power
    assert len(traces) == 1
    graph, tree = nnx.split(optimizer)
    params, names = nnx.state(model), ("bias", "kernel")
    for state in (optimizer.opt_state, nnx.as_pure(optimizer.opt_state)):
        found = gl.state_to_dict(optimizer.tx, state, params)
        assert [f"scale_by_momentum:moment:{name}" for name in names] == list(found)[2:4]
    assert nnx.merge(graph, tree).tx == optimizer.tx
    np.testing.assert_allclose(gl.hyperparameters(optimizer.tx)["adam/learning_rate"], 0.1 / 2**9)


def test_numbers_are_still_structure_in_an_nnx_optimizer() -> None:
    model = nnx.Linear(1, 1, rngs=nnx.Rngs(0))
    gl.adam().as_arrays()
    optimizer = nnx.Optimizer(model, gl.adam(0.1), wrt=nnx.Param)
    assert nnx.merge(*nnx.split(optimizer)).tx == gl.adam(0.1)
    with pytest.raises(AttributeError, match="is a value and cannot change"):
        optimizer.tx.learning_rate = 0.2
