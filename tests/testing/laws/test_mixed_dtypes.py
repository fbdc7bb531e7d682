from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl

from .examples import trace, verdict


def test_the_dtype_of_the_first_leaf_is_not_that_of_all() -> None:
    def init(params: Any) -> Any:
        dtype = jax.tree.leaves(params)[0].dtype
        return jax.tree.map(lambda p: jnp.zeros(p.shape, dtype), params)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        state = jax.tree.map(lambda m, g: 0.9 * m + g.astype(m.dtype), state, updates)
        return jax.tree.map(lambda m, g: m.astype(g.dtype), state, updates), state

    found, detail = verdict(optax.GradientTransformation(init, update), "mixed dtypes", dtypes=("float32", "bfloat16"))
    assert found == "broken"
    assert "beside a bfloat16 leaf and beside a float32 leaf" in detail


def test_promoted_updates_are_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        wide = sum(jnp.sum(g.astype(jnp.float32)) for g in jax.tree.leaves(updates))
        return jax.tree.map(lambda g: g.astype(jnp.float32) * wide, updates), state

    found, detail = verdict(trace(update=update), "mixed dtypes", dtypes=("bfloat16",))
    assert found == "broken"
    assert "float32[3] instead of bfloat16[3]" in detail


def test_an_own_dtype_for_each_leaf_is_right() -> None:
    for tx in (trace(), gl.adam(), gl.clip_by_global_norm(1.0), gl.centralize()):
        assert verdict(tx, "mixed dtypes", dtypes=("float32", "float16"))[0] == "holds"


def test_a_refusal_is_no_breach() -> None:
    def init(params: Any) -> Any:
        if len({leaf.dtype for leaf in jax.tree.leaves(params)}) > 1:
            raise TypeError("one dtype for all, please")
        return jax.tree.map(jnp.zeros_like, params)

    found, detail = verdict(trace(init=init), "mixed dtypes", dtypes=("bfloat16",))
    assert found == "not applicable"
    assert "one dtype for all" in detail
    assert verdict(trace(), "mixed dtypes", dtypes=("float32",))[0] == "not applicable"
