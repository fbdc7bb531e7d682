"""Steps of models that hold more than what is trained."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

X, Y = jnp.asarray(np.random.default_rng(0).normal(size=(8, 3))), jnp.arange(8.0)


def make_model() -> Any:
    return eqx.nn.MLP(3, "scalar", 4, 1, jax.nn.tanh, dtype=jnp.float64, key=jax.random.key(0))


def loss(model: Any, batch: Any) -> Any:
    return jnp.mean((jax.vmap(model)(batch[0]) - batch[1]) ** 2)


def test_a_model_of_equinox_moves_as_by_a_filtered_step() -> None:
    tx = gl.sgd(0.1, momentum=0.9)
    step = gl.make_step(loss, trainable=eqx.is_inexact_array)

    @eqx.filter_jit
    def by_hand(model: Any, state: Any) -> Any:
        value, gradient = eqx.filter_value_and_grad(loss)(model, (X, Y))
        updates, state = tx.update(gradient, state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, updates), state, value

    got, expected = make_model(), make_model()
    states = [tx.init(eqx.filter(model, eqx.is_inexact_array)) for model in (got, expected)]
    for _ in range(2):
        got, states[0], result = step(tx, got, states[0], (X, Y))
        expected, states[1], value = by_hand(expected, states[1])
        np.testing.assert_allclose(result, value, rtol=1e-12)
    assert got.activation is jax.nn.tanh
    assert eqx.tree_equal(got, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_micro_batches_of_a_model_of_equinox() -> None:
    tx, results = gl.sgd(0.1), []
    for count in (1, 4):
        model = make_model()
        step = gl.make_step(loss, trainable=eqx.is_inexact_array, micro_batches=count)
        results.append(step(tx, model, tx.init(eqx.filter(model, eqx.is_inexact_array)), (X, Y)))
    assert eqx.tree_equal(results[0][0], results[1][0], rtol=1e-12)


TREE: dict[str, Any] = {
    "head": {"w": np.ones(3)},
    "body": {"w": np.ones(3)},
    "steps": np.array(4),
    "name": "net",
    "none": None,
}


def tree_loss(tree: Any, batch: Any) -> Any:
    return jnp.sum(tree["head"]["w"] * tree["body"]["w"]) * tree["steps"].astype(float) * len(tree["name"])


@pytest.mark.parametrize(
    "trainable",
    [
        pytest.param(gl.path("head/**"), id="selector"),
        pytest.param(
            {"head": {"w": True}, "body": {"w": False}, "steps": False, "name": False, "none": None}, id="tree"
        ),
    ],
)
def test_what_is_not_chosen_stays_as_it_is(trainable: Any) -> None:
    tx = gl.adam(0.5)
    traces = []

    def counted(tree: Any, batch: Any) -> Any:
        traces.append(batch)
        return tree_loss(tree, batch)

    step, model = gl.make_step(counted, trainable=trainable), jax.tree.map(lambda leaf: leaf, TREE)
    state = tx.init({"head": {"w": jnp.ones(3)}, "body": {"w": None}, "steps": None, "name": None, "none": None})
    for steps in (4, 5):
        model, state, _ = step(tx, model | {"steps": np.array(steps)}, state, None)
    np.testing.assert_allclose(model["head"]["w"], 0.0, atol=1e-3)
    assert model["body"]["w"] is TREE["body"]["w"]
    assert (model["name"], model["none"], int(model["steps"])) == ("net", None, 5)
    assert len(traces) == 1  # an array is data though it is not trained
    step(tx, model | {"name": "another"}, state, None)
    assert len(traces) == 2  # a name is structure


@pytest.mark.parametrize("trainable", [3, {"head": True}, ["w"]])
def test_another_choice_is_refused(trainable: Any) -> None:
    with pytest.raises(
        TypeError, match=r"trainable must be a function of a leaf, such as equinox\.is_inexact_array, a"
    ):
        gl.make_step(tree_loss, trainable=trainable)(gl.sgd(0.1), TREE, (), None)


@pytest.mark.parametrize("trainable", [gl.path("tail"), gl.dtype("float16"), lambda leaf: False])
def test_a_choice_of_nothing_is_refused(trainable: Any) -> None:
    tx = gl.sgd(0.1, momentum=0.9)
    words = r"make_step: trainable=.* chooses none of the 2 leaves, so nothing would be trained; the dtypes are float64"
    params = {"a": jnp.ones(2), "b": jnp.ones(3)}
    with pytest.raises(ValueError, match=words):
        gl.make_step(lambda p, batch: jnp.sum(p["a"]), trainable=trainable)(tx, params, tx.init(params), None)


def test_a_state_of_all_leaves_is_refused_with_the_remedy() -> None:
    tx, params = gl.sgd(0.1, momentum=0.9), {"a": jnp.ones(2), "b": jnp.ones(3)}
    chosen = gl.path("a")
    step = gl.make_step(lambda p, batch: jnp.sum(p["a"]), trainable=chosen, donate=False)
    with pytest.raises(ValueError, match=r"that of all 2 leaves of params, but make_step\(.*\) trains 1 of"):
        step(tx, params, tx.init(params), None)
    mask = chosen(params)
    state = tx.init(jax.tree.map(lambda leaf, on: leaf if on else None, params, mask))  # as the error says
    stepped, _, _ = step(tx, params, state, None)
    np.testing.assert_allclose(stepped["a"], 0.9)


def test_a_leaf_that_cannot_be_trained_is_named_with_the_remedy() -> None:
    model = make_model()
    with pytest.raises(TypeError, match=r"the parameter at \.activation is not an array: .*trainable=equinox\.is_inex"):
        gl.make_step(loss)(gl.sgd(0.1), model, gl.sgd(0.1).init(eqx.filter(model, eqx.is_inexact_array)), (X, Y))
    with pytest.raises(
        TypeError, match=r"the parameter at \['n'\] has dtype int64, but only floating-point leaves can"
    ):
        gl.make_step(lambda p, batch: p["w"])(gl.sgd(0.1), {"w": jnp.ones(()), "n": jnp.array(1)}, (), None)
