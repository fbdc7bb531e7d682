"""The arguments of a value are attributes, and `replace` changes them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.values.calls import scale_by_lion


def test_arguments_are_attributes_with_defaults_filled_in() -> None:
    tx = gl.adam(1e-3, b2=0.99)
    numbers = {"learning_rate": 1e-3, "b1": 0.9, "b2": 0.99, "eps": 1e-8}
    assert tx.arguments == {**numbers, "eps_root": None, "nesterov": False}
    assert (tx.learning_rate, tx.b1, tx.b2, tx.eps) == (1e-3, 0.9, 0.99, 1e-8)
    assert gl.rmsprop(centered=True).centered is True
    assert gl.sgd(0.1).momentum is None
    assert gl.adamw(mask={"w": True, "b": False}).mask == {"w": True, "b": False}
    assert gl.schedules.cosine(0.1, 100).decay_steps == 100
    assert gl.chain(gl.scale(2.0)).arguments["links"] == (gl.scale(2.0),)


@pytest.mark.parametrize("value", [gl.adam(), gl.schedules.cosine(0.1, 100)])
def test_an_unknown_attribute_lists_the_known_ones(value: Any) -> None:
    with pytest.raises(AttributeError, match=rf"{value.factory.name} has no .*'lr'.*{next(iter(value.arguments))}"):
        value.lr  # noqa: B018
    assert not hasattr(value, "lr")
    assert not hasattr(value, "__array__")


def test_replace_changes_some_arguments() -> None:
    tx = gl.adam(1e-3, b2=0.99)
    changed = tx.replace(learning_rate=3e-4)
    assert changed == gl.adam(3e-4, b2=0.99)
    assert tx == gl.adam(1e-3, b2=0.99)
    assert tx.replace() == tx
    assert gl.schedules.cosine(0.1, 100).replace(decay_steps=50) == gl.schedules.cosine(0.1, 50)
    assert gl.chain(gl.scale(1.0)).replace(links=(gl.scale(2.0), gl.centralize())).links == (
        gl.scale(2.0),
        gl.centralize(),
    )
    assert scale_by_lion().replace(b1=0.5) == scale_by_lion(0.5)


def test_replace_checks_as_the_factory_does() -> None:
    with pytest.raises(ValueError, match=r"adam: b1 must be in \[0, 1\), got 1\.5"):
        gl.adam().replace(b1=1.5)
    with pytest.raises(TypeError, match=r"adam: .*'lr'.*learning_rate"):
        gl.adam().replace(lr=0.1)


@pytest.mark.parametrize("value", [gl.adam(), gl.schedules.cosine(0.1, 100)])
def test_a_value_cannot_change(value: Any) -> None:
    before = repr(value)
    for name in ("learning_rate", "init_value", "children", "anything"):
        with pytest.raises(
            AttributeError, match=rf"^(adam|cosine)\(\.\.\.\) is a value and cannot change; use \.replace\({name}="
        ):
            setattr(value, name, 1.0)
    value.arguments["b1"] = 0.0  # a copy
    assert repr(value) == before


def test_a_transformation_is_a_pair_as_optax_has_it() -> None:
    tx = gl.adam()
    init, update = tx
    assert isinstance(tx, optax.GradientTransformationExtraArgs)
    assert isinstance(tx, tuple)
    assert callable(init)
    assert callable(update)
    params = jnp.ones(2)
    updates, _ = update(params, init(params))
    np.testing.assert_allclose(updates, -1e-3 * np.ones(2), rtol=1e-7)
