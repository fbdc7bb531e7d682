"""`metrics` collects what probes and counters in a state have recorded."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import gradlab as gl


def test_metrics_are_found_in_any_tree_and_repeated_names_are_numbered() -> None:
    gradient = jnp.array([3.0, 4.0])
    tx = gl.chain(gl.probe("g"), optax.masked(gl.chain(gl.probe("g"), gl.probe("h")), True))
    state = tx.init(gradient)
    collect = jax.jit(lambda state: gl.metrics({"opt": [tx.update(gradient, state)[1]], "other": jnp.ones(3)}))
    assert {name: float(value) for name, value in collect(state).items()} == {
        "g/norm": 5.0,
        "g/norm_2": 5.0,
        "h/norm": 5.0,
    }
    assert gl.metrics(gl.adam().init(gradient)) == {}


def test_an_nnx_optimizer_has_plain_arrays() -> None:
    model = nnx.Linear(2, 1, rngs=nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, gl.chain(gl.probe("g"), gl.sgd(0.1)), wrt=nnx.Param)
    optimizer.update(model, jax.tree.map(jnp.ones_like, nnx.state(model)))
    found = gl.metrics(optimizer.opt_state)
    assert isinstance(found["g/norm"], jax.Array)
    np.testing.assert_allclose(found["g/norm"], np.sqrt(3.0))


class CountState(NamedTuple):
    """The state of a wrapper that counts, and holds another state."""

    steps: jax.Array
    inner: object

    def metrics(self) -> dict[str, jax.Array]:
        """Return the count."""
        return {"count/steps": self.steps}


def test_the_state_of_any_transformation_may_take_part() -> None:
    @gl.transformation
    def count(tx):
        def update(updates, state):
            updates, inner = tx.update(updates, state.inner)
            return updates, CountState(state.steps + 1, inner)

        return lambda params: CountState(jnp.zeros((), jnp.int32), tx.init(params)), update

    gradient = jnp.array([3.0, 4.0])
    tx = count(gl.chain(gl.probe("g"), gl.scale(0.5)))
    found = gl.metrics(tx.update(gradient, tx.init(gradient))[1])
    assert {name: float(value) for name, value in found.items()} == {"count/steps": 1.0, "g/norm": 5.0}


def test_a_field_called_metrics_is_no_recording() -> None:
    class Record(NamedTuple):
        metrics: object

    assert gl.metrics(Record(jnp.ones(2))) == {}


def test_an_optimizer_is_no_state():
    with pytest.raises(TypeError, match="takes the state of an optimizer, as its last update returned it; got adam"):
        gl.metrics(gl.adam())


def test_the_state_comes_alone():
    tx = gl.adam()
    with pytest.raises(TypeError, match=r"without its optimizer: gl.metrics\(state\); got \(Transformation, tuple\)$"):
        gl.metrics(tx, tx.init(jnp.ones(2)))  # type: ignore[call-arg]
