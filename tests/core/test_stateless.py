"""Links without memory: a function of each leaf, or of the tree."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.core.stateless import map_leaves, map_tree

TREE = {"a": jnp.array([1.0, 2.0]), "b": None, "c": jnp.asarray(3.0)}


def test_leafwise_maps_a_function_of_a_leaf() -> None:
    init, update = map_leaves(lambda d: 2 * d)
    state = init(TREE)
    assert jax.tree.leaves(state) == []
    updates, new_state = update(TREE, state)
    assert new_state == state
    assert updates["b"] is None
    np.testing.assert_array_equal(updates["a"], [2.0, 4.0])
    np.testing.assert_array_equal(updates["c"], 6.0)


def test_treewise_sees_the_whole_tree() -> None:
    def minus_largest(tree):
        largest = jnp.stack([leaf.max() for leaf in jax.tree.leaves(tree)]).max()
        return jax.tree.map(lambda leaf: leaf - largest, tree)

    init, update = map_tree(minus_largest)
    updates, _ = update(TREE, init(TREE))
    np.testing.assert_array_equal(updates["a"], [-2.0, -1.0])
    np.testing.assert_array_equal(updates["c"], 0.0)


@pytest.mark.parametrize("tx", [gl.scale(2.0), gl.clip_by_global_norm(1.0), gl.scale_by_sign(), gl.centralize()])
def test_the_state_of_another_link_is_refused(tx: gl.Transformation) -> None:
    other = gl.scale_by_momentum().init(TREE)
    with pytest.raises(ValueError, match=r"this state is not one of"):
        tx.update(TREE, other)
