from typing import Any

import jax
import jax.numpy as jnp

from gradlab.testing import check

from .examples import trace, verdict


def test_a_promoted_state_is_found_with_its_dtypes() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        moment = jax.tree.map(lambda m, g: (m + g).astype(jnp.float32), state, updates)
        return updates, moment

    found, detail = verdict(trace(update=update), "stable state", dtypes=("bfloat16",))
    assert found == "broken"
    assert "float32[]" in detail
    assert "bfloat16[]" in detail
    assert "one number" in detail  # the smallest counterexample comes first


def test_a_python_number_in_the_state_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, state + jnp.ones((), jnp.int32)

    found, detail = verdict(trace(init=lambda params: 0, update=update), "stable state")
    assert found == "broken"
    assert "weakly typed" in detail


def test_promoted_updates_are_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: g.astype(jnp.float32), updates), state

    assert verdict(trace(update=update), "stable updates", dtypes=("float16",))[0] == "broken"
    assert verdict(trace(), "stable updates", dtypes=("float16", "complex64", "float64"))[0] == "holds"


def test_a_python_number_from_init_is_named_as_the_cause() -> None:
    tx = trace(init=lambda params: 0, update=lambda updates, state, params=None: (updates, state + jnp.int32(1)))
    result = check(tx, laws=("stable state",), dtypes=("float32",))["stable state"]
    assert result.detail.endswith("[] (weakly typed)"), result.detail
    assert "jnp.zeros((), jnp.int32) for a count" in result.meaning
