from typing import Any

import jax
import jax.numpy as jnp
import pytest

import gradlab as gl

from .examples import trace, verdict


def mean_of_all(updates: Any, state: Any, params: Any = None) -> Any:
    total = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(updates))
    return jax.tree.map(lambda g: g + total, updates), state


def cumulative(updates: Any, state: Any, params: Any = None) -> Any:
    return jax.tree.map(lambda g: jnp.cumsum(g).reshape(g.shape), updates), state


def one_sided(updates: Any, state: Any, params: Any = None) -> Any:
    return jax.tree.map(lambda g: jnp.maximum(g, -0.1), updates), state


@pytest.mark.parametrize(
    ("claim", "breaks", "keeps"),
    [
        ("elementwise", trace(update=cumulative), gl.adam()),
        ("contained", trace(update=mean_of_all), gl.adam()),
        ("scale invariant", trace(), gl.sign_sgd()),
        ("sign symmetric", trace(update=one_sided), gl.adam()),
        ("permutation equivariant", trace(update=cumulative), gl.chain(gl.clip_by_global_norm(0.1), gl.adam())),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_claim_is_refuted_and_confirmed(claim: str, breaks: Any, keeps: Any) -> None:
    found, detail = verdict(breaks, claim, claims=(claim,))
    assert found == "broken"
    assert "differ" in detail
    assert verdict(keeps, claim, claims=(claim,)) == ("holds", "")
