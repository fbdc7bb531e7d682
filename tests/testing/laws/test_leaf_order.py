from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl

from .examples import trace, verdict


def test_zipped_values_are_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        if not isinstance(params, dict) or len({p.shape for p in jax.tree.leaves(params)}) > 1:
            return updates, state
        decayed = [g + p for g, p in zip(updates.values(), params.values(), strict=True)]
        return dict(zip(updates, decayed, strict=True)), state

    found, detail = verdict(trace(init=lambda params: (), update=update), "insertion order")
    assert found == "broken"
    assert "inserted in another order" in detail
    assert verdict(gl.adamw(), "insertion order")[0] == "holds"


def test_a_rate_that_falls_from_leaf_to_leaf_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        structure: Any
        leaves, structure = jax.tree.flatten(updates)
        return structure.unflatten([g * 0.9**i for i, g in enumerate(leaves)]), state

    found, detail = verdict(trace(update=update), "leaf order")
    assert found == "broken"
    assert "renamed" in detail


def test_norms_over_the_tree_keep_the_law() -> None:
    for tx in (gl.clip_by_global_norm(1.0), gl.chain(gl.clip_by_norm(1.0), gl.adam()), gl.scale_by_update_rms()):
        assert verdict(tx, "leaf order") == ("holds", "")


def test_random_numbers_may_differ_from_leaf_to_leaf() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        structure: Any
        leaves, structure = jax.tree.flatten(updates)
        keys = jax.random.split(jax.random.key(0), len(leaves))
        noisy = [g + jax.random.normal(k, g.shape, jnp.float32) for k, g in zip(keys, leaves, strict=True)]
        return structure.unflatten(noisy), state

    found, detail = verdict(trace(update=update), "leaf order")
    assert found == "not applicable"
    assert "random numbers" in detail
