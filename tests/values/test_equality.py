"""Values are equal and hash alike if their factories and arguments are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.values.static import Static
from tests.values.calls import ENTRIES


@pytest.mark.parametrize("name", ENTRIES)
def test_two_calls_with_the_same_arguments_are_equal_and_hash_alike(name: str) -> None:
    first, second = ENTRIES[name].example, registry.entries.__wrapped__()[name].example  # which is made anew
    assert first is not second
    assert first == second
    assert (first != second) is False  # tuple, a base, has a != of its own
    assert hash(first) == hash(second)
    assert len({first, second}) == 1


def test_all_examples_differ_from_each_other() -> None:
    examples = [entry.example for entry in ENTRIES.values()]
    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(gl.adam(1e-3), gl.adam(2e-3), id="a number"),
        pytest.param(gl.adam(1e-3), gl.amsgrad(1e-3), id="the factory"),
        pytest.param(gl.adabound(), gl.amsbound(), id="the factory, all else equal"),
        pytest.param(gl.rmsprop(centered=True), gl.rmsprop(), id="a flag"),
        pytest.param(gl.sgd(0.1), gl.sgd(0.1, momentum=0.0), id="None and zero"),
        pytest.param(gl.scale_by_momentum(), gl.scale_by_momentum(dampening=0.0), id="a default and zero"),
        pytest.param(gl.adam(0.1), gl.adam(gl.schedules.constant(0.1)), id="a number and a constant schedule"),
        pytest.param(gl.centralize(0), gl.centralize(1), id="an axis"),
        pytest.param(gl.adamw(mask={"w": True}), gl.adamw(mask={"w": False}), id="a mask"),
        pytest.param(gl.adamw(mask={"w": True}), gl.adamw(mask={"b": True}), id="a mask's names"),
        pytest.param(gl.chain(gl.scale(2.0), gl.centralize()), gl.chain(gl.centralize(), gl.scale(2.0)), id="order"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.ones(3)), id="shape"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.ones(2, jnp.float32)), id="dtype"),
        pytest.param(gl.scale(jnp.ones(2)), gl.scale(jnp.zeros(2)), id="the elements"),
        pytest.param(gl.schedules.cosine(0.1, 9), gl.schedules.cosine(0.1, 8), id="a schedule's number"),
        pytest.param(gl.schedules.cosine(0.1, 9) + 1, gl.schedules.cosine(0.1, 9) - 1, id="an operation"),
        pytest.param(gl.scale(1.0), gl.schedules.constant(1.0), id="the kind of value"),
        pytest.param(gl.adam(), optax.adam(1e-3), id="the library"),
        pytest.param(gl.adam(), None, id="None"),
        pytest.param(gl.adam(), "adam()", id="a string"),
    ],
)
def test_what_differs_in_anything_is_unequal(left: Any, right: Any) -> None:
    assert left != right
    assert (left == right) is False
    assert right != left


def test_arrays_as_hyperparameters_compare_by_their_elements() -> None:
    assert gl.scale(jnp.array([1.0, 2.0])) == gl.scale(jnp.array([1.0, 2.0]))
    assert hash(gl.scale(jnp.array([1.0, 2.0]))) == hash(gl.scale(jnp.array([1.0, 2.0])))
    assert gl.scale(np.array([1.0, 2.0])) == gl.scale(jnp.array([1.0, 2.0]))
    assert gl.add_noise(key=jax.random.key(1)) == gl.add_noise(key=jax.random.key(1))
    assert gl.add_noise(key=jax.random.key(1)) != gl.add_noise(key=jax.random.key(2))


def test_zeros_of_either_sign_are_equal_as_python_has_it() -> None:
    assert gl.scale(-0.0) == gl.scale(0.0)
    assert hash(gl.scale(-0.0)) == hash(gl.scale(0.0))


def test_nan_leaves_are_equal_to_themselves() -> None:
    gradient = jax.tree.map(lambda _: jnp.asarray(jnp.nan), gl.adam())  # as jax.grad may return
    same = jax.tree.map(lambda _: jnp.asarray(jnp.nan), gl.adam())
    assert gradient == same
    assert hash(gradient) == hash(same)


def test_true_is_not_one() -> None:
    @gl.transformation
    def flagged(flag):
        return lambda params: (), lambda updates, state: (updates, state)

    assert flagged(True) != flagged(1)
    assert flagged(True) == flagged(True)
    assert Static(True) != Static(1)
    assert jax.tree.leaves(flagged(True)) == []
    assert jax.tree.leaves(flagged(1)) == [1.0]


def test_values_with_tracers_hash_and_compare_inside_a_trace() -> None:
    seen = []

    @jax.jit
    def f(rate: jax.Array) -> jax.Array:
        tx = gl.adam(rate)
        seen.append((tx == gl.adam(rate), tx == gl.adam(2 * rate), hash(tx) == hash(gl.adam(rate))))
        return rate

    f(0.1)
    assert seen == [(True, False, True)]


def test_a_chain_with_an_optax_link_is_equal_to_one_of_the_same_call() -> None:
    assert gl.chain(optax.scale(0.5)) == gl.chain(optax.scale(0.5))
    assert hash(gl.chain(optax.scale(0.5))) == hash(gl.chain(optax.scale(0.5)))
    assert gl.chain(optax.scale(0.5)) != gl.chain(optax.scale(0.25))
    assert gl.chain(optax.scale(0.5)) != gl.chain(optax.clip(0.5))


def test_a_static_argument_that_is_hashed_must_be_hashable_and_the_error_says_so() -> None:
    with pytest.raises(TypeError, match=r"must be hashable.*got list: \[1\].*Pass a tuple"):
        hash(Static([1]))
    assert hash(Static((1,))) == hash(Static((1,)))
