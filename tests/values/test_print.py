"""`repr` is the call that makes a value, and `str` is its composition."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import public_names, registry
from tests.values.calls import ENTRIES, each_call, each_tree, no_decay_on_vectors, scale_by_lion

PUBLIC_NAMES = vars(public_names) | vars(gl.schedules) | {"is_output_layer": registry.is_output_layer}


@each_call
def test_repr_is_python_that_makes_the_same_value(make: Callable[[], Any]) -> None:
    value = make()
    rebuilt = eval(repr(value), dict(PUBLIC_NAMES))
    assert rebuilt == value
    assert repr(rebuilt) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (gl.adam(1e-3), "adam(learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-08)"),
        (gl.sgd(1), "sgd(learning_rate=1.0)"),
        (gl.sgd(0.1, 0.9, nesterov=True), "sgd(learning_rate=0.1, momentum=0.9, nesterov=True)"),
        (gl.scale_by_momentum(0.9, 0.0), "scale_by_momentum(decay=0.9, dampening=0.0)"),
        (gl.chain(), "chain()"),
        (gl.chain(gl.scale(2), gl.scale_by_sign()), "chain(scale(factor=2.0), scale_by_sign())"),
        (gl.centralize(), "centralize(output_axis=-1)"),
        (gl.scale(jnp.float32(0.5)), "scale(factor=float32(0.5))"),
        (gl.scale(jnp.ones((2, 3))), "scale(factor=float64[2,3])"),
        (scale_by_lion(0.8), "scale_by_lion(b1=0.8, b2=0.99, mode='hard', smooth_beta=1.0)"),
        (gl.adamw(mask=no_decay_on_vectors).mask, no_decay_on_vectors),
        (gl.schedules.cosine(0.1, 100), "cosine(init_value=0.1, decay_steps=100.0)"),
        (gl.schedules.cosine(0.1, 100) * 2, "(cosine(init_value=0.1, decay_steps=100.0) * 2.0)"),
        (gl.schedules.shift(gl.schedules.constant(1.0), 2), "shift(inner=constant(value=1.0), offset=2)"),
    ],
)
def test_the_printed_form(value: Any, text: Any) -> None:
    assert (value if callable(text) else repr(value)) == text


def test_functions_print_by_their_name() -> None:
    def decaying(step: Any) -> float:
        return 0.1

    assert "no_decay_on_vectors" in repr(gl.adamw(mask=no_decay_on_vectors))
    assert "decaying" in repr(gl.adam(decaying))
    assert "<function" not in repr(gl.adam(decaying))
    assert "0x" not in repr(gl.chain(optax.scale_by_adam(), gl.adam(lambda step: 0.1)))
    assert "scale_by_adam" in repr(gl.chain(optax.scale_by_adam()))


def test_tracers_print_by_dtype_and_shape() -> None:
    printed = []

    @jax.jit
    def f(rate: jax.Array) -> jax.Array:
        printed.append(repr(gl.scale(rate)))
        return rate

    f(0.5)
    assert printed == ["scale(factor=float64[])"]


def test_str_is_the_composition() -> None:
    assert str(gl.sgd(0.1)) == "chain(scale_by_learning_rate(learning_rate=0.1))"
    assert str(gl.adam(0.1)) == (
        "chain(\n"
        "    scale_by_momentum(decay=0.9),\n"
        "    bias_correction(first_decay=0.9),\n"
        "    scale_by_rms(decay=chain(scale_by_momentum(decay=0.999), bias_correction(first_decay=0.999)), "
        "eps=1e-08),\n"
        "    scale_by_learning_rate(learning_rate=0.1),\n"
        ")"
    )
    assert str(gl.scale(2)) == "scale(factor=2.0)"


@each_tree
def test_str_never_fails_whatever_the_leaves(entry: registry.Entry) -> None:
    for leaf in (object(), None, jax.ShapeDtypeStruct((2,), jnp.float32), "text", jnp.ones(3)):
        strange = jax.tree.map(lambda _, leaf=leaf: leaf, entry.example)
        assert entry.name in str(strange) or "(" in str(strange)
        assert entry.name in repr(strange) or "(" in repr(strange)


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_the_str_of_a_recipe_builds_what_the_recipe_computes(name: str, rollout: Callable[..., Any]) -> None:
    recipe = ENTRIES[name].example
    rebuilt = eval(str(recipe), vars(public_names) | vars(gl.schedules))
    gradients = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_array_equal(rollout(rebuilt, gradients), rollout(recipe, gradients))


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_survives_print_and_pickle(number: float, other: float) -> None:
    tx = gl.scale(number)
    assert tx.factor == number
    assert eval(repr(tx), vars(public_names)) == tx
    assert pickle.loads(pickle.dumps(tx)) == tx
    assert (tx == gl.scale(other)) == (number == other)
    assert number != other or hash(tx) == hash(gl.scale(other))
