from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .examples import trace, verdict


def test_an_assumed_dict_is_found() -> None:
    tx = trace(init=lambda params: {name: jnp.zeros_like(p) for name, p in params.items()})
    found, detail = verdict(tx, "any tree")
    assert found == "broken"
    assert "a scalar" in detail
    assert verdict(trace(), "any tree")[0] == "holds"


def test_a_square_that_is_no_size_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g / (jnp.sqrt(g * g) + 1e-8), updates), state

    found, detail = verdict(trace(update=update), "complex leaves", dtypes=("complex64",))
    assert found == "broken"
    assert "i times" in detail
    assert verdict(gl.adam(), "complex leaves", dtypes=("complex64",))[0] == "holds"
    assert verdict(gl.adam(), "complex leaves", dtypes=("float32",))[0] == "not applicable"


def test_integers_taken_in_silence_are_found() -> None:
    with jax.numpy_dtype_promotion("standard"):
        assert verdict(optax.adam(1e-3), "integer leaves")[0] == "broken"
    assert verdict(gl.adam(), "integer leaves")[0] == "holds"


def test_a_refusal_without_a_path_is_found() -> None:
    def init(params: Any) -> Any:
        raise TypeError("integers are not supported")

    assert "does not name the path" in verdict(trace(init=init), "integer leaves")[1]
