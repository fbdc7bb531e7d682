from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .examples import trace, verdict


def test_narrow_accumulators_are_found() -> None:
    found, detail = verdict(trace(), "wide accumulators", dtypes=("bfloat16",))
    assert found == "broken"
    assert "bfloat16" in detail
    assert verdict(gl.adam(), "wide accumulators", dtypes=("bfloat16", "float16"))[0] == "holds"
    assert verdict(trace(), "wide accumulators", dtypes=("float32",))[0] == "not applicable"


def test_a_division_by_zero_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g / jnp.abs(g), updates), state

    found, detail = verdict(trace(update=update), "finite at zero")
    assert found == "broken"
    assert "step 0" in detail


def test_an_infinite_derivative_is_found() -> None:
    with jax.numpy_dtype_promotion("standard"):
        found, detail = verdict(optax.adam(1e-3), "finite at zero")
    assert found == "broken"  # optax issue 882
    assert "derivative" in detail
    assert verdict(gl.adam(), "finite at zero")[0] == "holds"


def test_rounding_in_between_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        rounded = jax.tree.map(lambda g: (g * 1.1).astype(jnp.bfloat16) * 1.1 * 1.1, updates)
        return jax.tree.map(lambda r, g: r.astype(g.dtype), rounded, updates), state

    assert verdict(trace(update=update), "rounded once", dtypes=("bfloat16",))[0] == "broken"
    assert verdict(gl.rmsprop(), "rounded once", dtypes=("bfloat16", "float16"))[0] == "holds"
