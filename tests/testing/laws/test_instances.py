from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .examples import trace, verdict


def started_outside(learning_rate: float = 0.1) -> Any:
    """Momentum that starts with the gradient itself, and keeps a flag outside the state to know that it has started."""
    started = False

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        nonlocal started
        moment = jax.tree.map(lambda m, g: 0.5 * m + g, state, updates) if started else updates
        started = True
        return jax.tree.map(lambda m: -learning_rate * m, moment), moment

    return trace(update=update)


def test_what_only_a_restart_shows_is_found() -> None:
    found, detail = verdict(started_outside, "new instance resumes")
    assert found == "broken"
    assert "the next update of a new instance differs" in detail
    assert verdict(started_outside, "pure")[0] == "holds"  # from zero, both ways begin alike
    assert verdict(started_outside(), "new instance resumes")[0] == "not applicable"


def test_a_buffer_of_the_first_shapes_is_found() -> None:
    def trust_first_shapes(learning_rate: float = 0.1) -> optax.GradientTransformation:
        largest: list[int] = []

        def update(updates: Any, state: Any, params: Any = None) -> Any:
            largest.append(max((leaf.size for leaf in jax.tree.leaves(updates)), default=1))
            return jax.tree.map(lambda g: -learning_rate * g / largest[0], updates), state

        return trace(init=lambda params: (), update=update)

    found, detail = verdict(trust_first_shapes, "new instance agrees")
    assert found == "broken"
    assert "an instance that saw other trees first" in detail
    assert verdict(trust_first_shapes(), "new instance agrees")[0] == "not applicable"


def test_right_instances_agree() -> None:
    assert verdict(gl.adam(), "new instance agrees")[0] == "holds"
    with jax.numpy_dtype_promotion("standard"):
        assert verdict(optax.adam, "new instance agrees", learning_rate=jnp.float32(0.1))[0] == "holds"
