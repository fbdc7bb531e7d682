from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.testing import check

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


def test_the_very_first_call_is_examined() -> None:
    calls: list[int] = []

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        calls.append(1)
        return jax.tree.map(lambda g: g if len(calls) > 1 else 2 * g, updates), state

    found, detail = verdict(trace(init=lambda params: (), update=update), "pure")
    assert found == "broken"
    assert "the same arguments give a different result" in detail


def test_a_late_call_is_found_where_calls_are_slow() -> None:
    calls: list[int] = []

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        calls.append(1)
        factor = 0.5 if len(calls) > 100 else 1.0
        looped = jax.lax.cond(True, lambda tree: tree, lambda tree: tree, updates)  # compiled anew at each call
        return jax.tree.map(lambda g: factor * g, looped), state

    found, detail = verdict(trace(init=lambda params: (), update=update), "pure for 200 calls")
    assert found == "broken"
    assert "different" in detail


def test_an_array_remembered_by_its_id_is_found() -> None:
    seen: dict[int, Any] = {}

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        known = [seen.setdefault(id(g), (len(seen), g)) for g in jax.tree.leaves(updates)]  # keeps g, and its id
        return jax.tree.map(lambda g: g * (1 + known[0][0]), updates), state

    assert verdict(trace(init=lambda params: (), update=update), "pure")[0] == "broken"


def test_a_written_state_of_numpy_arrays_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        for moment in jax.tree.leaves(state):
            if isinstance(moment, np.ndarray):
                moment[...] = 1
        return updates, state

    found, detail = verdict(trace(update=update), "inputs untouched")
    assert found == "broken"
    assert "update changes the state that it is given" in detail


@gl.transformation
def remember_in_a_dict(learning_rate=0.1):
    memory: dict[str, Any] = {}

    def update(updates: Any, state: Any) -> Any:
        memory["m"] = jax.tree.map(lambda m, g: 0.9 * m + g, memory.get("m", updates), updates)
        return jax.tree.map(lambda m: -learning_rate * m, memory["m"]), state

    return lambda params: (), update


@gl.transformation
def count_in_a_variable(learning_rate=0.1):
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return count

    return lambda params: (), lambda updates, state: (
        jax.tree.map(lambda g: -learning_rate * g / step(), updates),
        state,
    )


@gl.transformation
def fill_an_array(learning_rate=0.1):
    seen = [np.zeros(2)]

    def init(params: Any) -> Any:
        seen[0][:] = 1.0
        return ()

    return init, lambda updates, state: (jax.tree.map(lambda g: -learning_rate * g, updates), state)


@pytest.mark.parametrize(
    ("tx", "words"),
    [
        (remember_in_a_dict(), "update writes to the variable `memory`"),
        (count_in_a_variable(), "update writes to the variable `count`"),
        (fill_an_array(), "init writes to the variable `seen`"),
        (gl.chain(gl.scale_by_sign(), remember_in_a_dict()), "update writes to the variable `memory`"),
    ],
    ids=["a dict", "a count", "an array", "a link of a chain"],
)
def test_a_variable_of_the_factory_that_is_written_to_is_found(tx: Any, words: str) -> None:
    report = check(tx, laws=("pure",), quick=True)
    assert words in report["pure"].detail
    assert "Keep it in the state that init returns" in report["pure"].meaning


def test_a_variable_of_the_factory_may_be_read() -> None:
    @gl.transformation
    def scale_by_table(learning_rate=0.1):
        table, empty = {"factor": [learning_rate]}, np.zeros(0)
        return lambda params: (), lambda updates, state: (
            jax.tree.map(lambda g: -table["factor"][0] * g + empty.sum(dtype=g.dtype), updates),
            state,
        )

    assert verdict(scale_by_table(), "pure") == ("holds", "")
