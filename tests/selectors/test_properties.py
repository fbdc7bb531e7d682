"""Selection by shape, dtype, label and function, and the arguments that these refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.nnx as nnx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core import FrozenDict

import gradlab as gl

TREE = {
    "a": jnp.zeros((), "bfloat16"),
    "b": jnp.zeros((2, 3), "float16"),
    "c": jnp.zeros(4),
    "d": jnp.zeros(4, "complex64"),
}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (gl.ndim(2), "b"),
        (~gl.ndim(0, 1), "b"),
        (gl.ndim(3), ""),
        (gl.size(at_least=4), "bcd"),
        (gl.size(at_most=4), "acd"),
        (gl.size(4, 4), "cd"),
        (gl.dtype("bfloat16"), "a"),
        (gl.dtype(jnp.bfloat16, np.float16), "ab"),
        (gl.dtype("floating"), "abc"),
        (gl.dtype(jnp.floating), "abc"),
        (gl.dtype("complexfloating"), "d"),
        (gl.dtype(np.dtype("complex64")), "d"),
        (gl.dtype("float32"), ""),
    ],
    ids=repr,
)
def test_shapes_and_dtypes(selector: Any, expected: str) -> None:
    assert "".join(name for name, chosen in selector(TREE).items() if chosen) == expected


def test_dtypes_are_equal_however_they_are_written() -> None:
    assert gl.dtype("bfloat16") == gl.dtype(jnp.bfloat16) == gl.dtype(np.dtype("bfloat16"))
    assert gl.dtype(jnp.complexfloating) == gl.dtype("complexfloating")


def test_none_is_no_dtype() -> None:
    with pytest.raises(TypeError, match=r"expected a dtype or its name, .* got NoneType: None"):
        gl.dtype(None)


def test_numpy_arrays_shapes_and_numbers_are_leaves() -> None:
    tree = {"a": np.zeros((2, 2), "float16"), "b": jax.ShapeDtypeStruct((3,), jnp.bfloat16), "c": 1.0}
    assert gl.ndim(2)(tree) == {"a": True, "b": False, "c": False}
    assert gl.dtype("float16", "bfloat16")(tree) == {"a": True, "b": True, "c": False}
    assert gl.size(at_most=1)(tree) == {"a": False, "b": False, "c": True}


def test_labels_may_stand_for_subtrees() -> None:
    tree = {"encoder": [{"w": 0.0}, {"w": 0.0}], "head": {"w": 0.0}}
    assert gl.labels({"encoder": "frozen", "head": "trained"}, "frozen")(tree) == {
        "encoder": [{"w": True}, {"w": True}],
        "head": {"w": False},
    }
    assert jax.tree.leaves(gl.labels(True)(tree)) == [True] * 3
    assert jax.tree.leaves(gl.labels("frozen", "trained")(tree)) == [False] * 3
    labeled = {"encoder": [{"w": True}, {"w": "True"}], "head": False}  # a string is no boolean
    assert jax.tree.leaves(gl.labels(labeled)(tree)) == [True, False, False]


def test_a_leaf_without_a_label_is_an_error() -> None:
    with pytest.raises(ValueError, match="none for the leaf head/w; label it, or a subtree that holds it"):
        gl.labels({"encoder": "frozen"}, "frozen")({"encoder": 0.0, "head": {"w": 0.0}})


def test_a_function_sees_parts_and_shapes() -> None:
    seen = {}

    def note(path: Any, leaf: Any) -> bool:
        seen[path] = (leaf.shape, leaf.ndim, leaf.size, leaf.dtype, str(leaf))
        return False

    gl.where(note)({"layers": [{"bias": jnp.zeros((2, 3), "bfloat16")}]})
    assert seen == {("layers", 0, "bias"): ((2, 3), 2, 6, jnp.bfloat16, "layers/0/bias")}


def call(factory: Any, *arguments: Any) -> Any:
    """Call a factory with arguments of types that its signature rules out."""
    return factory(*arguments)


@pytest.mark.parametrize(
    ("make", "error", "pieces"),
    [
        (lambda: gl.ndim(), TypeError, ["no number of axes", "ndim(2)"]),
        (lambda: call(gl.ndim, 2.0), TypeError, ["must be an integer", "float: 2.0"]),
        (lambda: gl.ndim(True), TypeError, ["must be an integer", "bool"]),
        (lambda: gl.ndim(-1), ValueError, ["must not be negative", "-1"]),
        (lambda: gl.size(), ValueError, ["no bound", "at_least"]),
        (lambda: gl.size(-1), ValueError, ["at least 0", "at_least=-1"]),
        (lambda: gl.size(5, 4), ValueError, ["in order", "at_least=5, at_most=4"]),
        (lambda: call(gl.size, 2.5), TypeError, ["at_least", "int", "2.5"]),
        (lambda: gl.dtype(), TypeError, ["no dtype", 'dtype("bfloat16")']),
        (lambda: gl.dtype("half-float"), TypeError, ["expected a dtype or its name", "'half-float'"]),
        (lambda: gl.labels({"a": 1}), TypeError, ["must be a string or a boolean", "['a']", "1.0"]),
        (lambda: gl.labels({"a": np.array([True])}), TypeError, ["must be a string or a boolean"]),
        (lambda: gl.where(3), TypeError, ["called as function(path, leaf)", "3.0"]),
        (lambda: gl.where(jax.Array), TypeError, ["called as function(path, leaf)", "Array"]),
        (lambda: gl.where(lambda path: True), TypeError, ["called as function(path, leaf)", "lambda"]),
        (lambda: gl.where(lambda path, leaf: leaf.ndim)(TREE), TypeError, ["True or False", "int at a: 0"]),
        (lambda: gl.where(lambda path, leaf: jnp.array(True))(TREE), TypeError, ["True or False", "at a"]),
    ],
)
def test_wrong_arguments_are_refused(make: Callable[[], Any], error: type[Exception], pieces: list[str]) -> None:
    with pytest.raises(error) as raised:
        make()
    for piece in pieces:
        assert piece in str(raised.value)


def test_labels_of_a_dictionary_serve_other_mappings_with_its_keys() -> None:
    labeled = gl.labels({"encoder": {"w": "frozen"}, "head": "trained"}, "frozen")
    tree = {"encoder": {"w": jnp.zeros(2)}, "head": {"w": jnp.zeros(2)}}
    boxed = {"encoder": {"w": nnx.Param(jnp.zeros(2))}, "head": {"w": nnx.Param(jnp.zeros(2))}}
    others: tuple[Any, ...] = (tree, FrozenDict(tree), nnx.State(boxed))
    for other in others:
        assert jax.tree.leaves(labeled(other)) == [True, False]
