from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl

from .examples import trace, verdict

LAWS = ("pickled state resumes", "msgpack state resumes", "orbax state resumes")


def test_an_optimizer_survives_every_storage() -> None:
    for law in LAWS:
        assert verdict(gl.adam(gl.schedules.cosine(0.1, 10)), law)[0] == "holds"


def test_a_function_in_the_state_is_found() -> None:
    @jax.tree_util.register_pytree_node_class
    class Closure:
        def __init__(self, moment: Any) -> None:
            self.moment, self.scale = moment, lambda x: 2 * x

        def tree_flatten(self) -> Any:
            return (self.moment,), None

        @classmethod
        def tree_unflatten(cls, _: Any, children: Any) -> Any:
            return cls(*children)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, Closure(jax.tree.map(jnp.add, state.moment, updates))

    tx = trace(init=lambda params: Closure(jax.tree.map(jnp.zeros_like, params)), update=update)
    found, detail = verdict(tx, "pickled state resumes")
    assert found == "broken"
    assert "cannot store" in detail


def test_a_typed_key_in_the_state_is_found() -> None:
    tx = trace(init=lambda params: jax.random.key(0), update=lambda updates, state, params=None: (updates, state))
    assert "random key" in verdict(tx, "msgpack state resumes")[1]


def test_a_state_without_arrays_needs_no_orbax() -> None:
    assert verdict(gl.scale(1.0), "orbax state resumes")[0] == "not applicable"
