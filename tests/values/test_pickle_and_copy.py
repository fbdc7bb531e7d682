"""Values and states survive pickling and copying."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.values.calls import (
    each_call,
    no_decay_on_vectors,
    scale_by_lion,
    structure_of,
)


@gl.transformation
def own_scale(factor: gl.Hyperparameter = 2.0):
    """A user's link, in a module that pickle can find."""
    return lambda params: (), lambda updates, state: (jax.tree.map(lambda d: factor * d, updates), state)


@each_call
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_restores_the_value(make: Callable[[], Any], protocol: int) -> None:
    value = make()
    restored = pickle.loads(pickle.dumps(value, protocol))
    assert restored == value
    assert type(restored) is type(value)
    assert repr(restored) == repr(value)
    assert structure_of(restored) == structure_of(value)


def test_a_pickled_transformation_computes_the_same() -> None:
    gradient = jnp.array([1.0, -2.0])
    for tx in (gl.adam(0.1), own_scale(3.0), scale_by_lion(0.8)):
        restored = pickle.loads(pickle.dumps(tx))
        with jax.numpy_dtype_promotion("standard"):
            expected, _ = tx.update(gradient, tx.init(gradient))
            got, _ = restored.update(gradient, restored.init(gradient))
        np.testing.assert_array_equal(got, expected)
        assert np.any(np.asarray(got) != 0)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(own_scale(3.0), id="a user's link"),
        pytest.param(scale_by_lion(0.8), id="a wrapped optax factory"),
        pytest.param(gl.transformation(optax.scale_by_lion)(b2=0.5), id="one wrapped on the spot"),
        pytest.param(gl.transformation(name="lion")(optax.lion)(0.1), id="one with another name"),
        pytest.param(gl.chain(scale_by_lion(), gl.scale(-0.1)), id="one in a chain"),
        pytest.param(gl.adamw(mask=no_decay_on_vectors), id="a function as argument"),
        pytest.param(gl.scale(np.arange(3.0)), id="an array"),
    ],
)
def test_what_users_make_pickles_too(value: Any) -> None:
    restored = pickle.loads(pickle.dumps(value))
    assert restored == value
    assert (restored != value) is False
    assert hash(restored) == hash(value)
    assert repr(restored) == repr(value)


@each_call
def test_copies_are_equal(make: Callable[[], Any]) -> None:
    value = make()
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value
    assert copy.deepcopy([value, value])[0] == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_states_pickle_too(protocol: int) -> None:
    for tx in (gl.adam(), gl.adam(gl.schedules.cosine(0.1, 9)), gl.chain(gl.clip_by_global_norm(1.0), gl.rmsprop())):
        state = tx.init({"x": jnp.ones(2)})
        restored = pickle.loads(pickle.dumps(state, protocol))
        assert structure_of(restored) == structure_of(state)
        jax.tree.map(np.testing.assert_array_equal, restored, state)


def test_a_deep_copy_takes_what_pickle_cannot() -> None:
    tx = gl.chain(gl.adam(lambda step: 0.1), optax.scale(2.0))
    assert copy.deepcopy(tx) == tx
