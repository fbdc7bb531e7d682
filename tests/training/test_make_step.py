"""`make_step`: a compiled training step that works in place and takes the optimizer as an argument."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

TARGET = jnp.array([1.0, -2.0, 3.0])


def loss(params: Any, batch: Any) -> Any:
    return ((params["x"] - batch) ** 2).sum() + params["y"] ** 2


def params_at_one() -> Any:
    return {"x": jnp.ones(3), "y": jnp.ones(())}


STEP = gl.make_step(loss)


def run(step: Any, tx: Any, count: int, params: Any = None, batch: Any = TARGET) -> tuple[Any, Any, list[float]]:
    params = params_at_one() if params is None else params
    state, losses = tx.init(params), []
    for _ in range(count):
        params, state, value = step(tx, params, state, batch)
        losses.append(float(value))
    return params, state, losses


def test_one_step_by_hand() -> None:
    params, state, value = STEP(gl.sgd(0.1), params_at_one(), gl.sgd(0.1).init(params_at_one()), TARGET)
    np.testing.assert_allclose(params["x"], 1 - 0.2 * (1 - TARGET), rtol=1e-15)
    np.testing.assert_allclose(params["y"], 0.8, rtol=1e-15)
    assert value == 0 + 9 + 4 + 1  # of the parameters that came in
    assert state == gl.sgd(0.1).init(params_at_one())


def test_many_steps_are_those_of_a_loop_by_hand() -> None:
    tx = gl.adamw(0.1)
    got, _, losses = run(STEP, tx, 5)
    params: Any = params_at_one()
    state = tx.init(params)
    for value in losses:
        expected_value, gradient = jax.value_and_grad(loss)(params, TARGET)
        np.testing.assert_allclose(value, expected_value, rtol=1e-13)
        updates, state = tx.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(got["x"], params["x"], rtol=1e-12)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("tx", [gl.sgd(0.1), gl.adam(0.1), gl.adam(gl.schedules.cosine(0.1, 9)), gl.adagrad(0.1)])
def test_params_and_state_are_donated_and_the_batch_is_not(tx: Any) -> None:
    params, batch = params_at_one(), TARGET + 0.0
    state = tx.init(params)
    new_params, new_state, _ = STEP(tx, params, state, batch)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((params, state)))
    assert not batch.is_deleted()
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((new_params, new_state)))


def on_two_devices(x: Any) -> Any:
    sharding = jax.NamedSharding(jax.make_mesh((2,), ("x",)), jax.P("x"))
    return jax.device_put(x, sharding)


@pytest.mark.parametrize("put", [jnp.asarray, on_two_devices, lambda x: jax.device_put(x, jax.devices()[0])])
def test_an_array_at_two_places_is_copied(put: Any) -> None:
    x = put(jnp.array([1.0, 2.0]))
    tied, tx = {"x": x, "y": put(x)}, gl.sgd(0.1)
    step = gl.make_step(lambda p, batch: ((p["x"] - batch) ** 2).sum() + (p["y"] ** 2).sum())
    params, state, _ = step(tx, tied, tx.init(tied), 0.0)
    np.testing.assert_allclose(params["x"], [0.8, 1.6], rtol=1e-15)
    np.testing.assert_allclose(params["y"], [0.8, 1.6], rtol=1e-15)
    params, _, _ = step(tx, params, state, 1.0)  # tied no longer
    np.testing.assert_allclose(params["x"], [0.84, 1.48], rtol=1e-15)
    np.testing.assert_allclose(params["y"], [0.64, 1.28], rtol=1e-15)


def test_what_is_not_donated_survives_though_a_parameter_is_the_same_array() -> None:
    x, rate = jnp.array([1.0, 2.0, 3.0]), jnp.array(0.1)
    tx = gl.sgd(rate)
    for _ in range(2):
        params = {"x": x, "y": rate}
        new, _, _ = STEP(tx, params, tx.init(params), x)
        np.testing.assert_allclose(new["y"], 0.1 - 0.1 * 0.2)
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(rate, 0.1)


def test_a_state_that_holds_the_parameters_is_taken() -> None:
    params = params_at_one()
    tx = optax.GradientTransformation(lambda p: p, lambda updates, state, params=None: (updates, state))
    new, state, _ = STEP(tx, params, tx.init(params), TARGET)
    np.testing.assert_array_equal(state["x"], 1.0)
    np.testing.assert_allclose(new["x"], 1 + 2 * (1 - TARGET))


def test_numpys_arrays_are_left_alone() -> None:
    x, tx = np.ones(3), gl.sgd(0.1)
    params = {"x": x, "y": x[0]}
    new, _, _ = STEP(tx, params, tx.init(params), x)
    np.testing.assert_array_equal(x, 1.0)
    np.testing.assert_allclose(new["y"], 0.8)


@pytest.mark.parametrize("tx", [None, gl.adam, optax.adam, 0.1, (lambda params: (),)])
def test_the_first_argument_must_be_a_transformation(tx: Any) -> None:
    with pytest.raises(TypeError, match=rf"takes a transformation first, such as adam\(\); got {type(tx).__name__}: "):
        STEP(tx, params_at_one(), (), TARGET)


def test_the_update_is_in_place() -> None:
    params = {"x": jnp.ones(1000), "y": jnp.ones(())}
    tx = gl.sgd(0.1, momentum=0.9)
    state = tx.init(params)
    before = {leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves((params, state)) if leaf.size == 1000}
    after = STEP(tx, params, state, jnp.zeros(1000))[:2]
    assert {leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(after) if leaf.size == 1000} == before


def test_a_new_number_never_retraces() -> None:
    traces = []

    def counted(params: Any, batch: Any) -> Any:
        traces.append(batch)
        return loss(params, batch)

    step = gl.make_step(counted)
    run(step, gl.adam(0.1), 2)
    once = len(traces)
    for rate in (0.2, 0.3):
        run(step, gl.adam(rate, b1=rate), 2, batch=TARGET + rate)
    assert len(traces) == once
    run(step, gl.adam(gl.schedules.constant(0.1)), 1)
    assert len(traces) > once


def test_the_auxiliary_result_comes_in_the_place_of_the_loss() -> None:
    def with_aux(params: Any, batch: Any) -> Any:
        return loss(params, batch), {"residual": params["x"] - batch}

    params = params_at_one()
    tx = gl.sgd(0.1)
    params, _, (value, aux) = gl.make_step(with_aux, has_aux=True)(tx, params, tx.init(params), TARGET)
    assert value == 14
    np.testing.assert_array_equal(aux["residual"], 1 - TARGET)
    np.testing.assert_allclose(params["x"], 1 - 0.2 * (1 - TARGET), rtol=1e-15)


@pytest.mark.parametrize("tx", [gl.sgd(0.1), gl.adam(0.1), gl.rmsprop(0.05), gl.sgd(0.05, 0.5, nesterov=True)])
def test_complex_parameters_descend(tx: Any) -> None:
    goal = jnp.array([1 + 2j, -3j])
    step = gl.make_step(lambda z, batch: (jnp.abs(z - batch) ** 2).sum())
    z: Any = jnp.array([0.1 + 0.1j, 1.0 + 0j])
    z, _, losses = run(step, tx, 100, z, goal)
    assert losses[-1] < 0.05 * losses[0]
    assert losses[1] < losses[0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_parameters_keep_their_dtype_and_the_donated_buffers_are_used(dtype: str) -> None:
    step = gl.make_step(lambda x, batch: ((x - batch) ** 2).sum().astype("float32"))
    x, _, _ = run(step, gl.adam(0.1), 2, jnp.ones(3, dtype), jnp.zeros(3, dtype))  # warnings are errors
    assert x.dtype == dtype
    np.testing.assert_allclose(np.asarray(x, float), 0.8, rtol=1e-2)


# optax's.


@pytest.mark.parametrize("optimizer", [optax.adam(0.1), optax.sgd(0.1, momentum=0.9)])
def test_optaxs_optimizers_are_taken_as_they_are(optimizer: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        got, _, losses = run(STEP, optimizer, 3)
        params: Any = params_at_one()
        state = optimizer.init(params)
        for _ in range(3):
            updates, state = optimizer.update(jax.grad(loss)(params, TARGET), state, params)
            params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(got["x"], params["x"], rtol=1e-12)
    assert losses[2] < losses[0]


def test_optaxs_optimizers_do_not_retrace_either() -> None:
    traces = []

    def counted(params: Any, batch: Any) -> Any:
        traces.append(batch)
        return loss(params, batch)

    step, optimizer = gl.make_step(counted), optax.sgd(0.1)
    run(step, optimizer, 3)
    once = len(traces)
    run(step, optimizer, 3)
    assert len(traces) == once


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(gl.chain(optax.lbfgs()), id="a link"),
        pytest.param(gl.transformation(optax.lbfgs)(), id="wrapped"),
        pytest.param(optax.lbfgs(), id="bare"),
    ],
)
def test_line_searches_get_what_they_ask_for(optimizer: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        params = params_at_one()
        state = optimizer.init(params)
        if not isinstance(
            optimizer, gl.Transformation
        ):  # optax's init may hold one buffer twice, which cannot be donated
            state = jax.tree.map(jnp.copy, state)
        for _ in range(10):
            params, state, _ = STEP(optimizer, params, state, TARGET)
    np.testing.assert_allclose(params["x"], TARGET, atol=1e-8)
    np.testing.assert_allclose(params["y"], 0.0, atol=1e-8)


def test_links_of_ours_are_handed_the_value_the_gradient_and_the_function() -> None:
    seen = []

    @gl.transformation
    def spy():
        def update(updates, state, params, *, value, grad, value_fn):
            seen.append(jax.tree.map(jnp.shape, (value, grad, value_fn(params))))
            return jax.tree.map(lambda d: value * d, updates), state

        return lambda params: (), update

    tx = gl.chain(spy(), gl.scale(-0.01))
    params, _, _ = STEP(tx, params_at_one(), tx.init(params_at_one()), TARGET)
    assert seen == [((), {"x": (3,), "y": ()}, ())]
    np.testing.assert_allclose(params["y"], 1 - 0.01 * 14 * 2, rtol=1e-13)


def test_a_clipped_chain_and_a_batch_that_is_a_tree() -> None:
    step = gl.make_step(lambda x, batch: ((x @ batch["a"] - batch["b"]) ** 2).mean())
    batch = {"a": jnp.eye(3), "b": jnp.array([3.0, 0.0, -3.0])}
    x, _, losses = run(step, gl.chain(gl.clip_by_global_norm(1.0), gl.sgd(0.5)), 60, jnp.zeros(3), batch)
    np.testing.assert_allclose(x, batch["b"], atol=1e-3)
    assert losses[-1] < 1e-5


def test_without_donation_the_arrays_stay() -> None:
    tx, params = gl.adam(0.1), params_at_one()
    state = tx.init(params)
    gl.make_step(loss, donate=False)(tx, params, state, TARGET)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((params, state)))


def test_the_weight_must_be_a_function() -> None:
    with pytest.raises(TypeError, match="weight must be a function of a micro-batch, got float: "):
        gl.make_step(loss, weight=2.0)  # type: ignore[arg-type]
