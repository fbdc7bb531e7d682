"""Arrays that are donated are not shared, and those that are deleted are named by `init` and `update`."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.core.donated_arrays import copy_shared_arrays, require_kept


class Pair(NamedTuple):
    left: Any
    right: Any


def test_a_copy_is_made_of_what_is_shared_and_nothing_else() -> None:
    shared, own = jnp.ones(3), jnp.zeros(3)
    got = copy_shared_arrays(Pair(shared, (own, own)), {"x": shared})
    assert got.left is not shared
    assert got.right[0] is own
    assert got.right[1] is not own
    buffers = {leaf.unsafe_buffer_pointer() for leaf in (shared, *jax.tree.leaves(got))}
    assert len(buffers) == 4
    np.testing.assert_array_equal(got.left, shared)


def test_a_copy_leaves_python_objects_alone() -> None:
    assert copy_shared_arrays((1.5, 1.5, "a", "a"), (1.5,)) == (1.5, 1.5, "a", "a")


def deleted(tree: Any) -> Any:
    copy = jax.tree.map(jnp.copy, tree)
    for leaf in jax.tree.leaves(copy):
        leaf.delete()
    return copy


def test_parameters_that_another_optimizer_updated_in_place() -> None:
    params = {"x": jnp.ones(3)}
    step = gl.make_step(lambda params, batch: (params["x"] ** 2).sum())
    first, second = gl.adam(1e-3), gl.adamw(1e-3)
    step(first, params, first.init(params), None)
    with pytest.raises(ValueError, match=r"init: the array params\['x'\] is deleted, .*\(loss, donate=False\)"):
        second.init(params)


@pytest.mark.parametrize(
    ("place", "name"), [(0, r"updates\['x'\]"), (1, r"state\[0\].moment\['x'\]"), (2, r"params\['x'\]")]
)
def test_an_update_names_a_deleted_array(place: int, name: str) -> None:
    tx, params = gl.adamw(1e-3), {"x": jnp.ones(3)}
    arguments: list[Any] = [params, tx.init(params), params]
    arguments[place] = deleted(arguments[place])
    with pytest.raises(ValueError, match=f"update: the array {name} is deleted, because an earlier step received it"):
        tx.update(*arguments)


def test_abstract_and_other_leaves_are_kept() -> None:
    tree = {"x": jnp.ones(3), "n": 1.0, "text": "a"}
    require_kept("init", tree=tree)
    jax.jit(lambda x: require_kept("init", tree=x))(jnp.ones(3))
