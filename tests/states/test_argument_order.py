"""Each function of states says which of its arguments came in the places of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

PARAMS: Any = {"kernel": jnp.ones((2, 3)), "bias": jnp.zeros(3)}
TX, OLD = gl.adam(0.1), optax.adam(0.1)
STATE, OLD_STATE = TX.init(PARAMS), OLD.init(PARAMS)
AVERAGED = gl.average_params(TX)
ARRAYS: Any = gl.state_to_dict(TX, STATE, PARAMS)
OF_TORCH = {"state": {0: {"step": 1, "exp_avg": np.zeros(3)}}, "param_groups": [{"params": [0]}]}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: gl.state_from_optax(TX, OLD_STATE, PARAMS),
            "state_from_optax(tx, params, state): params and state look exchanged; got a tuple of ScaleByAdamState, "
            "EmptyState as params, and a dict of kernel, bias as state",
        ),
        (
            lambda: gl.state_from_optax(PARAMS, TX, OLD_STATE),
            "state_from_optax(tx, params, state) takes a transformation of gradlab first, such as adam(); got a dict "
            "of kernel, bias, adam(...), a tuple of ScaleByAdamState, EmptyState; the optimizer came second, put it "
            "first",
        ),
        (lambda: gl.state_from_optax(OLD_STATE, PARAMS, TX), "the optimizer came third, put it first"),
        (lambda: gl.state_from_optax(OLD, PARAMS, OLD_STATE), "gl.transformation(...) makes one of a factory of optax"),
        (
            lambda: gl.state_from_optax(gl.adam, PARAMS, OLD_STATE),  # type: ignore[arg-type]
            "; call it: adam(...)",
        ),
        (
            lambda: gl.state_from_optax(TX, OLD, OLD_STATE),
            "state_from_optax(tx, params, state): the second argument is params; got an optimizer of optax",
        ),
        (
            lambda: gl.state_to_dict(TX, STATE, TX),
            "state_to_dict(tx, state, params): the third argument is params; got an optimizer of gradlab",
        ),
        (
            lambda: gl.state_from_torch(TX, OF_TORCH, PARAMS, ["bias"]),
            "state_from_torch(tx, params, state_dict, parameters): params and state_dict look exchanged; got a dict of "
            "state, param_groups as params",
        ),
        (lambda: gl.state_from_torch(PARAMS, TX, OF_TORCH, ["bias"]), "came second, put it first"),
        (
            lambda: gl.state_from_dict(TX, ARRAYS, PARAMS),
            "state_from_dict(tx, params, arrays): params and arrays look exchanged; got a dict of gradlab:schema, ",
        ),
        (lambda: gl.state_from_dict(ARRAYS, PARAMS, TX), "came third, put it first"),
        (
            lambda: gl.state_to_dict(TX, PARAMS, STATE),
            "state_to_dict(tx, state, params): params and state look exchanged; got a tuple of ",
        ),
        (lambda: gl.state_to_dict(STATE, TX, PARAMS), "came second, put it first"),
        (
            lambda: gl.reset_state(TX, PARAMS, STATE, "bias"),
            "reset_state(tx, state, params, where): params and state look exchanged; got a tuple of ",
        ),
        (
            lambda: gl.eval_params(AVERAGED, PARAMS, AVERAGED.init(PARAMS)),
            "eval_params(tx, state, params): params and state look exchanged; got an AverageParamsState as params, and "
            "a dict of kernel, bias as state",
        ),
    ],
)
def test_the_argument_that_came_in_anothers_place_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert message in str(caught.value)


def test_the_state_of_parameters_that_are_one_array_is_not_taken_for_them() -> None:
    """A state without arrays, and an array: nothing says that these are exchanged."""
    tx, params = gl.sgd(0.1), jnp.zeros(3)
    assert gl.state_to_dict(tx, tx.init(params), params)["gradlab:schema"] == 1
