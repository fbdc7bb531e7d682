from typing import Any

import jax
import optax

import gradlab as gl

from .examples import trace, verdict


def test_control_flow_on_a_value_is_found_by_name() -> None:
    def factory(rate: float, decay: float) -> Any:
        return optax.trace(decay) if decay > 0 else optax.scale(-rate)

    found, detail = verdict(factory, "traceable", rate=0.1, decay=0.5)
    assert found == "broken"
    assert "decay" in detail
    assert verdict(gl.adam(), "traceable")[0] == "holds"


def test_unknown_hyperparameters_are_not_judged() -> None:
    found, reason = verdict(trace(), "traceable")
    assert found == "not applicable"
    assert "factory" in reason


def test_a_chain_has_nothing_to_schedule() -> None:
    assert verdict(gl.scale(2.0), "schedulable")[0] == "holds"
    assert verdict(gl.chain(gl.scale(2.0)), "schedulable")[0] == "not applicable"


def test_a_link_that_cannot_follow_a_schedule_is_found() -> None:
    @gl.transformation
    def rigid(rate: gl.Positive = 0.5):
        if not isinstance(rate, float):
            rate = 0.0

        def update(updates: Any, state: Any) -> Any:
            return jax.tree.map(lambda g: rate * g, updates), state

        return lambda params: (), update

    found, detail = verdict(rigid(), "schedulable")
    assert found == "broken"
    assert "rate" in detail
