from typing import Any

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

import gradlab as gl
from gradlab import registry
from gradlab.testing import strategies

FEW = hypothesis.settings(max_examples=15)


@hypothesis.given(strategies.trees("bfloat16"))
def test_trees_hold_finite_numbers_of_the_dtype(tree: Any) -> None:
    for leaf in jax.tree.leaves(tree):
        assert leaf.dtype == jnp.bfloat16
        assert np.all(np.isfinite(np.asarray(leaf, np.float32)))


@hypothesis.given(st.data())
def test_gradients_are_like_their_parameters(data: st.DataObject) -> None:
    params = data.draw(strategies.trees())
    gradients = data.draw(strategies.gradients(params))
    assert jax.tree.map(jnp.shape, gradients) == jax.tree.map(jnp.shape, params)


@hypothesis.given(st.data())
def test_arguments_are_accepted_by_their_factory(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(registry.of_kind("recipe", "link"))))
    factory = registry.entries()[name].factory
    arguments = data.draw(strategies.arguments(factory))
    hypothesis.assume(not (arguments.get("nesterov") and arguments.get("momentum") is None))
    hypothesis.assume(name != "bias_correction" or {arguments["first_decay"], arguments["second_decay"]} != {None})
    tx = factory(**arguments)
    assert {key: tx.arguments[key] for key in arguments} == arguments


@FEW
@hypothesis.given(st.lists(strategies.transformations(), max_size=4), st.integers(0, 4))
def test_chain_is_associative_over_any_links(links: list[Any], cut: int) -> None:
    assert gl.chain(gl.chain(*links[:cut]), gl.chain(*links[cut:])) == gl.chain(*links)
    assert gl.chain(gl.chain(), *links, gl.chain()) == gl.chain(*links)


@FEW
@pytest.mark.filterwarnings("ignore:chain:UserWarning")  # of an order that is drawn, but that nobody wants
@hypothesis.given(st.data())
def test_any_chain_keeps_shapes_and_dtypes_of_any_tree(data: st.DataObject) -> None:
    links = data.draw(st.lists(strategies.transformations("link"), min_size=1, max_size=3))
    params = data.draw(strategies.trees())
    tx = gl.chain(*links)
    state = jax.eval_shape(tx.init, params)
    updates, after = jax.eval_shape(tx.update, params, state, params)
    assert jax.tree.map(lambda u: (u.shape, u.dtype), updates) == jax.tree.map(lambda p: (p.shape, p.dtype), params)
    assert jax.tree.map(lambda s: (s.shape, s.dtype), after) == jax.tree.map(lambda s: (s.shape, s.dtype), state)
