"""A value is a pytree whose leaves are its numbers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.values.value import is_factory, is_number, rejoin, separate
from tests.values.calls import each_tree, structure_of


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (gl.adam(1e-3), {".learning_rate": 1e-3, ".b1": 0.9, ".b2": 0.999, ".eps": 1e-8}),
        (gl.sgd(0.1), {".learning_rate": 0.1, ".dampening": 0.0}),
        (gl.scale_by_sign(), {}),
        (
            gl.chain(gl.scale(2.0), gl.scale_by_sign(), gl.scale(3.0)),
            {".links[0].factor": 2.0, ".links[2].factor": 3.0},
        ),
        (gl.adam(gl.schedules.cosine(0.1, 9)).learning_rate, {".init_value": 0.1, ".decay_steps": 9.0, ".alpha": 0.0}),
        (
            gl.scale_by_rms(gl.running_sum(1.0)),
            {".decay.initial": 1.0, ".eps": 1e-8, ".eps_root": 0.0},
        ),
        (
            gl.scale(gl.schedules.cosine(0.1, 9)),
            {".factor.init_value": 0.1, ".factor.decay_steps": 9.0, ".factor.alpha": 0.0},
        ),
        (gl.rmsprop(0.1, centered=True), {".learning_rate": 0.1, ".decay": 0.9, ".eps": 1e-8}),
        (gl.schedules.piecewise(1.0, (3,), (0.5,)), {".init_value": 1.0, ".boundaries[0]": 3.0, ".factors[0]": 0.5}),
    ],
)
def test_leaves_are_the_numbers_by_path(value: Any, paths: dict[str, float]) -> None:
    leaves = jax.tree_util.tree_flatten_with_path(value)[0]
    assert {jax.tree_util.keystr(path): leaf for path, leaf in leaves} == paths
    assert all(type(leaf) is float for _, leaf in leaves)


@each_tree
def test_structure_is_equal_for_equal_structure_and_round_trips(entry: registry.Entry) -> None:
    value = entry.example
    leaves, structure = jax.tree.flatten(value)
    other = jax.tree.unflatten(structure, [leaf / 2 for leaf in leaves])
    assert structure_of(other) == structure
    assert hash(jax.tree.structure(other)) == hash(structure)
    assert jax.tree.unflatten(structure, leaves) == value
    assert jax.tree.leaves(other) == [leaf / 2 for leaf in leaves]


def test_the_structure_of_different_programs_differs() -> None:
    structures = {
        jax.tree.structure(tx)
        for tx in (
            gl.adam(),
            gl.amsgrad(),
            gl.sgd(0.1),
            gl.sgd(0.1, momentum=0.9),
            gl.sgd(0.1, momentum=0.9, nesterov=True),
            gl.adam(gl.schedules.cosine(0.1, 100)),
            gl.centralize(0),
            gl.centralize(1),
        )
    }
    assert len(structures) == 8


@each_tree
@pytest.mark.parametrize(
    "leaf",
    [object(), None, jax.ShapeDtypeStruct((3,), jnp.int8), True, -1.0, math.nan, "text", (1, 2)],
    ids=lambda leaf: type(leaf).__name__,
)
def test_unflatten_takes_arbitrary_objects(entry: registry.Entry, leaf: Any) -> None:
    leaves, structure = jax.tree.flatten(entry.example)
    strange = jax.tree.unflatten(structure, [leaf] * len(leaves))
    assert type(strange) is type(entry.example)
    kept = jax.tree.leaves(strange, is_leaf=lambda node: node is leaf)
    assert len(kept) >= len(leaves)  # more where None, a leaf here, is also an option left out
    assert all(other is leaf for other in kept)
    assert strange == jax.tree.unflatten(structure, [leaf] * len(leaves))
    assert isinstance(hash(strange), int)


def test_a_value_can_stand_for_the_axes_of_a_vmap() -> None:
    stack = gl.scale(jnp.array([1.0, 2.0]))
    axes = jax.tree.map(lambda _: 0, stack)
    got = jax.vmap(lambda tx: tx.update(jnp.ones(3), tx.init(jnp.ones(3)))[0], in_axes=(axes,))(stack)
    np.testing.assert_array_equal(got, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])


class Point(NamedTuple):
    x: Any
    y: Any


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (1.5, True),
        (np.float32(1), True),
        (np.arange(2), True),
        (jnp.ones(2), True),
        (True, False),
        (np.True_, False),
        (None, False),
        ("1", False),
        ((1,), False),
    ],
)
def test_is_number(value: Any, expected: bool) -> None:
    assert is_number(value) is expected


def test_is_factory() -> None:
    assert is_factory(gl.adam)
    assert is_factory(gl.schedules.cosine)
    assert not is_factory(gl.adam())
    assert not is_factory(gl.chain(gl.adam()))
    assert not is_factory(optax.adam)
    assert not is_factory(None)


@pytest.mark.parametrize(
    "argument", [1.0, True, None, "a", Point(1.0, "b"), {"a": (True, 2.0)}, [gl.adam(), None], optax.scale(1.0), print]
)
def test_rejoin_undoes_separate(argument: Any) -> None:
    separated = separate(argument)
    assert rejoin(separated) == argument
    assert all(is_number(leaf) for leaf in jax.tree.leaves(separated))
