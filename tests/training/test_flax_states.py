"""One step for linen's `TrainState` and for `nnx.Optimizer`."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import flax.nnx as nnx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.training.train_state import TrainState

import gradlab as gl
from gradlab.compilation.fast_compilation import jit_fast
from gradlab.core.tree_differences import have_same_structure

RANDOM = np.random.default_rng(0)
BATCH = (jnp.asarray(RANDOM.normal(size=(8, 3))), jnp.asarray(RANDOM.normal(size=(8, 2))))
TX = gl.chain(gl.clip_by_global_norm(1.0), gl.sgd(0.1, momentum=0.9))
LINEN = nn.Dense(2, param_dtype=jnp.float64)


def linen_loss(params: Any, batch: Any) -> Any:
    return jnp.mean((LINEN.apply({"params": params}, batch[0]) - batch[1]) ** 2)


def make_train_state(tx: Any = TX) -> Any:
    params = LINEN.init(jax.random.key(0), BATCH[0])["params"]
    return TrainState.create(apply_fn=LINEN.apply, params=params, tx=tx)


def test_a_train_state_moves_as_by_apply_gradients() -> None:
    step, got, expected = gl.make_step(linen_loss), make_train_state(), make_train_state()

    @jit_fast
    def by_hand(state: Any) -> Any:
        value, gradient = jax.value_and_grad(linen_loss)(state.params, BATCH)
        return state.apply_gradients(grads=gradient), value

    for _ in range(3):
        expected, value = by_hand(expected)
        got, result = step(got, BATCH)
        np.testing.assert_allclose(result, value, rtol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), got.params, expected.params)
    assert int(got.step) == int(expected.step) == 3
    assert have_same_structure(got, expected)


def test_a_train_state_takes_another_rate_without_a_trace() -> None:
    traces = []

    def counted(params: Any, batch: Any) -> Any:
        traces.append(batch)
        return linen_loss(params, batch)

    step, state = gl.make_step(counted), make_train_state(gl.sgd(0.1))
    for rate in (0.1, 0.2, 0.3):
        state, _ = step(state.replace(tx=gl.sgd(rate)), BATCH)
    assert len(traces) == 1


def test_float8_scales_are_refused() -> None:
    state = make_train_state().replace(params={"_overwrite_with_gradient": {}, "kernel": jnp.ones(2)})
    with pytest.raises(ValueError, match="which are replaced and not optimized; train them by train_state"):
        gl.make_step(linen_loss)(state, BATCH)


class Network(nnx.Module):
    """A linear layer behind a normalization with running means and a dropout with a counter."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.norm = nnx.BatchNorm(3, rngs=rngs)
        self.linear = nnx.Linear(3, 2, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.linear(self.dropout(self.norm(x)))


def nnx_loss(model: Any, batch: Any) -> Any:
    return jnp.mean((model(batch[0]) - batch[1]) ** 2)


def test_an_nnx_optimizer_and_its_model_move_as_by_update() -> None:
    models = [Network(), Network()]
    optimizers = [nnx.Optimizer(model, TX, wrt=nnx.Param) for model in models]
    step = gl.make_step(nnx_loss)

    @nnx.jit
    def by_hand(model: Any, optimizer: Any, batch: Any) -> Any:
        value, gradient = nnx.value_and_grad(nnx_loss)(model, batch)
        optimizer.update(model, gradient)
        return value

    batch = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), BATCH)
    for _ in range(3):
        result, value = step(optimizers[0], models[0], batch), by_hand(models[1], optimizers[1], batch)
        np.testing.assert_allclose(result, value, rtol=1e-6)
    for got, expected in (models, optimizers):  # the running means, the counter of the dropout and the step as well
        states = nnx.to_pure_dict(nnx.state(got)), nnx.to_pure_dict(nnx.state(expected))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(_numbers(a), _numbers(b), rtol=1e-5, atol=1e-6), *states)
    assert float(jnp.abs(models[0].norm.mean[...]).max()) > 0
    assert int(optimizers[0].step[...]) == 3


def _numbers(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def test_micro_batches_keep_what_an_nnx_model_remembers() -> None:
    model: Any = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    model.calls = nnx.BatchStat(jnp.zeros((), jnp.int32))

    def loss(model: Any, batch: Any) -> Any:
        model.calls[...] += 1
        return jnp.mean((model(batch[0]) - batch[1]) ** 2)

    optimizer = nnx.Optimizer(model, gl.sgd(0.1), wrt=nnx.Param)
    params = nnx.as_pure(nnx.state(model, nnx.Param))
    whole = jax.grad(lambda p: jnp.mean((BATCH[0] @ p["kernel"] + p["bias"] - BATCH[1]) ** 2))(params)
    expected = np.asarray(params["kernel"] - 0.1 * whole["kernel"])
    gl.make_step(loss, micro_batches=4)(optimizer, model, BATCH)
    assert int(model.calls[...]) == 4
    np.testing.assert_allclose(model.kernel[...], expected, rtol=1e-12)


def test_gates_of_an_nnx_optimizer() -> None:
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    optimizer = nnx.Optimizer(model, gl.accumulate(gl.dynamic_loss_scale(gl.sgd(0.1)), 2), wrt=nnx.Param)
    step, kernels = gl.make_step(nnx_loss), [np.asarray(model.kernel[...])]
    whole = nnx.grad(nnx_loss)(model, BATCH)
    for rows in (slice(0, 4), slice(4, 8)):
        step(optimizer, model, jax.tree.map(lambda leaf, rows=rows: leaf[rows], BATCH))
        kernels.append(np.asarray(model.kernel[...]))
    np.testing.assert_array_equal(kernels[1], kernels[0])
    np.testing.assert_allclose(kernels[2], kernels[0] - 0.1 * np.asarray(whole.kernel[...]), rtol=1e-12)


def test_an_nnx_optimizer_takes_another_rate_without_a_trace() -> None:
    traces = []

    def loss(model: Any, batch: Any) -> Any:
        traces.append(batch)
        return jnp.mean((model(batch[0]) - batch[1]) ** 2)

    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    optimizer, step = nnx.Optimizer(model, gl.sgd(0.1), wrt=nnx.Param), gl.make_step(loss)
    for rate in (0.1, 0.2, 0.3):
        optimizer.tx = gl.sgd(rate)
        step(optimizer, model, BATCH)
    assert len(traces) == 1


def test_optimizers_of_optax_are_taken_too() -> None:
    model = nnx.Linear(3, 2, rngs=nnx.Rngs(0), param_dtype=jnp.float64)
    with jax.numpy_dtype_promotion("standard"):
        optimizer = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)
        before = np.asarray(model.kernel[...])
        gl.make_step(nnx_loss)(optimizer, model, BATCH)
    np.testing.assert_allclose(np.abs(model.kernel[...] - before), 0.1, rtol=1e-5)


def test_what_is_trained_is_flaxs_own_choice() -> None:
    with pytest.raises(TypeError, match="Flax's training states have their own choice, such as wrt of"):
        gl.make_step(linen_loss, trainable=lambda leaf: True)(make_train_state(), BATCH)
