from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl

from .examples import trace, verdict


def test_parameters_kept_as_state_are_found() -> None:
    found, detail = verdict(trace(init=lambda params: params), "unaliased")
    assert found == "broken"
    assert "same buffer" in detail
    assert verdict(trace(init=lambda params: jax.tree.map(jnp.copy, params)), "unaliased")[0] == "holds"
    assert verdict(trace(init=lambda params: params), "donatable")[0] == "not applicable"


def test_one_buffer_for_two_moments_is_found() -> None:
    def init(params: Any) -> Any:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return zeros, zeros

    tx = trace(init=init, update=lambda updates, state, params=None: (updates, state))
    found, detail = verdict(tx, "donatable")
    assert found == "broken"
    assert "the same buffer" in detail
    assert verdict(gl.adam(), "donatable")[0] == "holds"


def test_parameters_kept_outside_the_state_are_found() -> None:
    kept: list[Any] = []

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        if not isinstance(jax.tree.leaves(params)[0], jax.core.Tracer):
            kept.append(params)
        anchor = kept[0] if kept else params
        return jax.tree.map(lambda g, p, a: g + p - a, updates, params, anchor), state

    found, detail = verdict(trace(update=update), "donatable")
    assert found == "broken"
    assert "of an earlier call that was donated" in detail
