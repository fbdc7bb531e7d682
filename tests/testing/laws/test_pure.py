from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .examples import trace, verdict


def test_hidden_counter_is_found() -> None:
    calls = []

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        calls.append(1)
        return jax.tree.map(lambda g: g / len(calls), updates), state

    assert verdict(trace(update=update), "pure")[0] == "broken"
    assert verdict(trace(), "pure") == ("holds", "")


def test_a_written_gradient_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        for leaf in jax.tree.leaves(updates):
            if isinstance(leaf, np.ndarray):
                leaf *= 0.5
        return updates, state

    found, detail = verdict(trace(update=update), "inputs untouched")
    assert found == "broken"
    assert "update changes the gradients that it is given" in detail
    assert verdict(trace(), "inputs untouched")[0] == "holds"


def test_a_state_that_grows_in_place_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        state["seen"] = jnp.zeros(())
        return updates, state

    tx = trace(init=lambda params: {"moment": jnp.zeros(())}, update=update)
    assert "its structure differs" in verdict(tx, "inputs untouched")[1]


def test_parameters_kept_as_state_are_found() -> None:
    found, detail = verdict(trace(init=lambda params: params), "unaliased")
    assert found == "broken"
    assert "same buffer" in detail
    assert verdict(trace(init=lambda params: jax.tree.map(jnp.copy, params)), "unaliased")[0] == "holds"
