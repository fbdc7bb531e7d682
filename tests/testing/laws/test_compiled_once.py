from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .examples import trace, verdict


def test_a_second_trace_is_counted() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, jnp.asarray(state, jnp.int32) + 1

    found, detail = verdict(trace(init=lambda params: jnp.zeros(()), update=update), "compiled once")
    assert found == "broken"
    assert "2 times" in detail
    assert verdict(trace(), "compiled once")[0] == "holds"


def test_values_inside_the_program_are_counted() -> None:
    def factory(rate: float) -> Any:
        assert not isinstance(rate, jax.core.Tracer), "baked"
        return optax.scale(-rate)

    assert verdict(factory, "new values compile nothing", rate=0.1)[0] == "broken"
    assert verdict(gl.adamw(), "new values compile nothing")[0] == "holds"
