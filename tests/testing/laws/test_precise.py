from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl
from gradlab.testing import check

from .examples import trace, verdict


def test_narrow_accumulators_are_found() -> None:
    found, detail = verdict(trace(), "wide accumulators", dtypes=("bfloat16",))
    assert found == "broken"
    assert "bfloat16" in detail
    assert verdict(gl.adam(), "wide accumulators", dtypes=("bfloat16", "float16"))[0] == "holds"
    assert verdict(trace(), "wide accumulators", dtypes=("float32",))[0] == "not applicable"


def test_rounding_in_between_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        rounded = jax.tree.map(lambda g: (g * 1.1).astype(jnp.bfloat16) * 1.1 * 1.1, updates)
        return jax.tree.map(lambda r, g: r.astype(g.dtype), rounded, updates), state

    assert verdict(trace(update=update), "rounded once", dtypes=("bfloat16",))[0] == "broken"
    assert verdict(gl.rmsprop(), "rounded once", dtypes=("bfloat16", "float16"))[0] == "holds"


def test_squares_that_overflow_are_found() -> None:
    def square(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: jnp.where(jnp.isinf(g * g), jnp.zeros_like(g), g), updates), state

    found, detail = verdict(trace(init=lambda params: (), update=square), "rounded once", dtypes=("float16",))
    assert found == "broken"
    assert "in float16, with gradients of 1e3, at step 0" in detail


def test_a_counter_that_overflows_in_days_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, (state + 1).astype(jnp.int16)

    tx = trace(init=lambda params: jnp.zeros((), jnp.int16), update=update)
    result = check(tx, laws=("wide accumulators",))["wide accumulators"]
    assert result.verdict == "broken"
    assert "is int16, which overflows after 32767 steps" in result.detail
    assert "Count in jnp.zeros((), jnp.int32)" in result.meaning
    assert "half-precision" not in result.meaning


def test_a_state_that_is_narrow_for_every_dtype_is_told_from_one_that_follows_the_parameters() -> None:
    for dtype, words in (("bfloat16", "for float32 and bfloat16 parameters alike"), (None, "for bfloat16 parameters")):

        def init(params: Any, dtype: Any = dtype) -> Any:
            return jax.tree.map(lambda p: jnp.zeros(p.shape, dtype or p.dtype), params)

        def update(updates: Any, state: Any, params: Any = None) -> Any:
            moment = jax.tree.map(lambda m, g: (0.5 * m.astype(g.dtype) + g).astype(m.dtype), state, updates)
            return jax.tree.map(lambda m, g: m.astype(g.dtype), moment, updates), moment

        result = check(trace(init=init, update=update), laws=("wide accumulators",))["wide accumulators"]
        assert words in result.detail
        assert ("whatever the parameters are" in result.meaning) == (dtype is not None)
