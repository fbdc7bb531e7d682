from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl

from .examples import trace, verdict


def test_a_side_effect_that_compiles_away_is_found() -> None:
    steps = [0.0]

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        steps[0] += 1.0
        return jax.tree.map(lambda g: g * steps[0], updates), state

    assert verdict(trace(update=update), "jit equals eager")[0] == "broken"
    assert verdict(trace(update=update), "scan equals loop")[0] == "broken"


def test_a_state_that_cannot_be_scanned_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return updates, (*state, jnp.zeros(()))

    found, detail = verdict(trace(init=lambda params: (), update=update), "scan equals loop")
    assert found == "broken"
    assert "raised" in detail


def test_a_mapped_run_that_differs_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        factor = 2.0 if any("Batch" in type(leaf).__name__ for leaf in jax.tree.leaves(updates)) else 1.0
        return jax.tree.map(lambda g: factor * g, updates), state

    found, detail = verdict(trace(update=update), "vmap equals loop")
    assert found == "broken"
    assert "lane 0 of 3" in detail


def test_sharding_and_export_hold_for_an_optimizer() -> None:
    for law in ("sharded equals unsharded", "exports", "abstract init"):
        assert verdict(gl.chain(gl.clip_by_global_norm(1.0), gl.adam()), law)[0] == "holds"


def test_an_init_that_reads_values_is_found() -> None:
    def init(params: Any) -> Any:
        return jax.tree.map(lambda p: jnp.full_like(p, float(np.asarray(p).max())), params)

    assert verdict(trace(init=init), "abstract init")[0] == "broken"


def test_a_callback_to_python_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        def halve(g: Any) -> Any:
            return jax.pure_callback(lambda x: x / 2, jax.ShapeDtypeStruct(g.shape, g.dtype), g)

        return jax.tree.map(halve, updates), state

    assert verdict(trace(update=update), "exports")[0] == "broken"
