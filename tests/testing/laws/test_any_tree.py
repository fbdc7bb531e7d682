from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.testing import check

from .examples import trace, verdict


def test_an_assumed_dict_is_found() -> None:
    tx = trace(init=lambda params: {name: jnp.zeros_like(p) for name, p in params.items()})
    runs = check(tx, laws=("any tree",))["runs"]
    assert runs.verdict == "broken"
    assert "raises on an ordinary tree of unlike leaves" in runs.detail
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


def refuse_integers(message: str) -> Any:
    """An `init` that refuses integer leaves with a message."""

    def init(params: Any) -> Any:
        if any(jnp.issubdtype(leaf.dtype, jnp.integer) for leaf in jax.tree.leaves(params)):
            raise TypeError(message)
        return params

    return trace(init=init)


def test_a_refusal_of_integers_must_say_so() -> None:
    assert verdict(refuse_integers("counter is no weight"), "integer leaves")[0] == "holds"
    found, reason = verdict(refuse_integers("integers are not supported"), "integer leaves")
    assert found == "not applicable"
    assert reason.startswith("it refuses integer leaves, without the path: TypeError: integers are not supported (at ")
    found, detail = verdict(refuse_integers("no"), "integer leaves")
    assert found == "broken"
    assert "does not name it: TypeError: no (at " in detail


def test_what_numpy_says_about_an_empty_leaf_is_no_refusal() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g / (1 + jnp.abs(g).max()), updates), state

    found, detail = verdict(trace(update=update), "any tree")
    assert found == "broken"
    assert "zero-size array" in detail


def test_a_state_that_always_changes_is_a_finding_of_one_law() -> None:
    """As in optax's monitor, whose state has no measurement at first."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, {"norm": jnp.float32(0)}

    tx = trace(init=lambda params: {}, update=update)
    assert verdict(tx, "stable state")[0] == "broken"
    for law in ("any tree", "integer leaves", "x64 changes nothing"):
        assert verdict(tx, law)[0] == "holds"
