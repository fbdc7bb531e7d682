"""Pickles that earlier versions of a factory made, with other arguments."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry

VALUES: dict[str, Any] = {name: entry.example for name, entry in registry.entries().items()} | {
    "torch": gl.flavors.torch.adam(0.1),
    "keras": gl.flavors.keras.sgd(0.1, momentum=0.9),
    "optax": gl.flavors.optax.amsgrad(0.1),
    "wrapped": gl.transformation(optax.scale_by_lion)(0.8),
    "combined": gl.schedules.linear(0.1, 0.0, 10) ** 2,
}


def pickled_without(value: Any, names: set[str]) -> bytes:
    kept = {name: child for name, child in value.children.items() if name not in names}
    return pickle.dumps(value._make(value.factory, kept))


@pytest.mark.parametrize("name", VALUES)
def test_arguments_that_a_pickle_lacks_have_their_defaults(name: str) -> None:
    value = VALUES[name]
    parameters = value.factory.parameters
    optional = {name for name, p in parameters.items() if p.default is not inspect.Parameter.empty}
    default = {name for name in optional if repr(value.arguments[name]) == repr(_as_given(parameters[name].default))}
    restored = pickle.loads(pickled_without(value, default))
    assert restored == value
    assert list(restored.arguments) == list(value.arguments)
    assert repr(restored) == repr(value)


def _as_given(default: Any) -> Any:
    return float(default) if type(default) is int else default


def test_such_a_pickle_computes_as_the_value_does() -> None:
    keras = VALUES["keras"]
    clipping = {name for name in keras.children if "clip" in name}
    restored = pickle.loads(pickled_without(keras, clipping | {"loss_scale_factor", "use_ema"}))
    params = jnp.ones(3)
    np.testing.assert_array_equal(
        restored.update(params, restored.init(params), params)[0], keras.update(params, keras.init(params), params)[0]
    )


def test_a_pickle_that_does_not_fit_is_refused() -> None:
    value = gl.schedules.cosine(0.1, 10)
    with pytest.raises(ValueError, match=r"pickle of cosine has the arguments .*differs in decay_steps; call cosine"):
        pickle.loads(pickled_without(value, {"decay_steps"}))
    more = pickle.dumps(value._make(value.factory, {**value.children, "warmth": 1.0}))
    with pytest.raises(
        ValueError, match=r"has the arguments init_value, .*, warmth, .* differs in warmth; call cosine"
    ):
        pickle.loads(more)
