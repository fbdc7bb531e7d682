"""A training step names wrong arguments: their number, order, kind and use."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from flax.training.train_state import TrainState

import gradlab as gl


def loss(params: Any, batch: Any) -> Any:
    return ((params["x"] - batch) ** 2).sum()


TX = gl.sgd(0.1, momentum=0.9)
STEP = gl.make_step(loss)
MAKE: Any = gl.make_step  # called with wrong types
BATCH = jnp.ones((2, 3))


def arguments() -> dict[str, Any]:
    params = {"x": jnp.ones(3)}
    return {"tx": TX, "params": params, "state": TX.init(params), "batch": BATCH}


@pytest.mark.parametrize("order", ["state, params, batch", "params, batch, state", "batch, state, params"])
def test_exchanged_trees_are_named_in_the_order_that_came(order: str) -> None:
    given = arguments()
    trees = [given[name] for name in order.split(", ")]
    with pytest.raises(TypeError, match=rf"step\(tx, params, state, batch\) look exchanged: got step\(tx, {order}\)"):
        STEP(TX, *trees)
    STEP(**given)  # a step that failed has donated nothing


@pytest.mark.parametrize(("place", "ordinal"), [(1, "second"), (2, "third"), (3, "fourth")])
def test_an_optimizer_in_another_place_is_seen(place: int, ordinal: str) -> None:
    given = list(arguments().values())
    given.insert(place, given.pop(0))
    with pytest.raises(TypeError, match=f"The Transformation came {ordinal}; put it first"):
        STEP(*given)


def test_the_number_of_arguments() -> None:
    given = arguments()
    with pytest.raises(TypeError, match=r"takes 4 .*float\d+\[2,3\], int\)\. A batch of several arrays is one"):
        STEP(*given.values(), 1)
    with pytest.raises(TypeError, match=r"lacks batch; got \(Transformation, dict, tuple\) and data="):
        STEP(TX, given["params"], given["state"], data=BATCH)
    with pytest.raises(TypeError, match="got params twice, by place and by name"):
        STEP(TX, given["params"], given["state"], BATCH, params=given["params"])


def test_arrays_that_an_earlier_step_updated_in_place() -> None:
    given = arguments()
    params, _, _ = STEP(**given)
    with pytest.raises(ValueError, match=r"the array params\['x'\] is deleted.*Go on with what that step returned"):
        STEP(**given)
    with pytest.raises(ValueError, match=r"the array state\[0\]\.moment\['x'\] is deleted.*donate=False"):
        STEP(**given | {"params": params})
    with pytest.raises(ValueError, match="is deleted"):  # also where the step itself donates nothing
        gl.make_step(loss, donate=False)(**given)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "batch",
            {"text": "hello"},
            r"batch\['text'\] is no array of numbers: str 'hello'; a batch is a tree",
        ),
        ("batch", iter([BATCH]), "batch is no array of numbers: list_iterator .*take the next one of a loader"),
        ("state", TX.init, r"state is no array of numbers: method init; the state is what tx.init\(params\)"),
    ],
)
def test_what_is_no_array(name: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        STEP(**arguments() | {name: value})


def test_an_error_of_the_loss_stays_what_it_is() -> None:
    def broken(params: Any, batch: Any) -> Any:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        gl.make_step(broken)(**arguments())


def test_a_loss_that_takes_the_batch_first() -> None:
    with pytest.raises(TypeError, match=r"takes loss\(params, batch\).*as if it were loss\(batch, params\)"):
        gl.make_step(lambda batch, params: loss(params, batch))(**arguments())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MAKE(loss, TX), r"got \(function, Transformation\)\. The optimizer is the first argument of"),
        (lambda: gl.make_step(lambda p, x, y: 0.0), r"a loss of two arguments.*got <lambda>\(p, x, y\)"),
        (lambda: MAKE(loss, donate="no"), "donate must be True or False, got str: 'no'"),
        (lambda: MAKE(loss, data_axis=0), "data_axis must be the name of an axis of the mesh.*got 0"),
        (lambda: gl.make_step(jax.grad(loss))(**arguments()), r"got a dict; .*pass the loss and not jax.grad\(loss\)"),
    ],
)
def test_what_make_step_takes(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_a_train_state_that_was_donated_or_came_second() -> None:
    made = TrainState.create(apply_fn=None, params={"x": jnp.ones(3)}, tx=TX)
    with pytest.raises(TypeError, match="The TrainState came second; put it first"):
        STEP(BATCH, made)
    STEP(made, BATCH)
    with pytest.raises(ValueError, match=r"the array params\['x'\] is deleted"):
        STEP(made, BATCH)


def test_an_nnx_model_in_another_place() -> None:
    model = nnx.Linear(3, 3, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, TX, wrt=nnx.Param)
    step = gl.make_step(lambda model, batch: (model(batch) ** 2).mean())
    with pytest.raises(TypeError, match=r"takes the nnx model second; got float\d+\[2,3\], which holds nothing"):
        step(optimizer, BATCH, model)
    with pytest.raises(TypeError, match="batch is no array of numbers: str 'hello'"):
        step(optimizer, model, "hello")


@pytest.mark.parametrize("rate", [0.0, 0.5])  # with dropout, the model holds a counter beside its parameters
def test_an_nnx_model_in_the_place_of_parameters(rate: float) -> None:
    rngs = nnx.Rngs(0)
    model = nnx.Sequential(nnx.Linear(3, 3, rngs=rngs), nnx.Dropout(rate, rngs=rngs) if rate else nnx.relu)
    tx, step = gl.adam(0.1), gl.make_step(lambda model, batch: (model(batch) ** 2).mean())
    with pytest.raises(TypeError, match=r"got the nnx model Sequential.*nnx.Optimizer\(model, tx, wrt=nnx.Param\)"):
        step(tx, model, tx.init(nnx.state(model, nnx.Param)), BATCH)


def test_an_nnx_model_of_parameters_alone_is_a_tree() -> None:
    model, tx = nnx.Linear(3, 3, rngs=nnx.Rngs(0)), gl.adam(0.1)

    def broken(model: Any, batch: Any) -> Any:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        gl.make_step(broken)(tx, model, tx.init(model), BATCH)
    batch = BATCH.astype("float32")
    gl.make_step(lambda model, batch: (model(batch) ** 2).mean())(tx, model, tx.init(model), batch)
