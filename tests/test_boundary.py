"""The border: what comes in is checked and raised, what goes out has the dtypes that it came with."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.boundary import first_difference, like, precise, require_same_trees, unaliased


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.mark.parametrize(
    ("dtype", "raised"),
    [
        ("bfloat16", "float32"),
        ("float16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("complex64", "complex64"),
        ("complex128", "complex128"),
    ],
)
def test_precise_raises_narrow_leaves_only(dtype: str, raised: str) -> None:
    leaf = precise(jnp.ones(2, dtype), "the update")
    assert leaf.dtype == raised
    np.testing.assert_array_equal(np.asarray(leaf, complex), [1, 1])


def test_precise_keeps_the_tree_and_makes_leaves_strongly_typed_arrays() -> None:
    tree = {"a": (1.0, None), "b": Pair(np.float32(2.0), jnp.ones(()))}
    got = precise(tree, "the update")
    assert type(got["b"]) is Pair
    assert got["a"][1] is None
    leaves = jax.tree.leaves(got)
    assert all(isinstance(leaf, jax.Array) and not leaf.weak_type for leaf in leaves)
    assert [leaf.dtype for leaf in leaves] == [jnp.float64, jnp.float32, jnp.float64]
    assert precise({}, "the update") == {}


@pytest.mark.parametrize("leaf", [1, True, np.arange(3), jnp.ones(2, "uint8"), jax.random.key(0)])
def test_precise_refuses_what_is_not_floating_point_by_path(leaf: Any) -> None:
    with pytest.raises(TypeError) as error:
        precise({"layers": [{"w": 1.0}, {"count": leaf}]}, "the parameter")
    message = str(error.value)
    for piece in ("the parameter at ['layers'][1]['count']", str(jnp.asarray(leaf).dtype), "floating-point", "astype"):
        assert piece in message
    assert "None" in message
    assert "optax.masked" in message


@pytest.mark.parametrize("leaf", ["text", object()])
def test_precise_refuses_what_is_no_array(leaf: Any) -> None:
    with pytest.raises(TypeError, match=rf"the update at \['w'\] is not an array: {type(leaf).__name__}"):
        precise({"w": leaf}, "the update")
    with pytest.raises(TypeError, match=r"^the update is not an array"):
        precise(leaf, "the update")


def test_unaliased_copies_what_is_shared_and_nothing_else() -> None:
    shared, own = jnp.ones(3), jnp.zeros(3)
    got = unaliased(Pair(shared, (own, own)), {"x": shared})
    assert got.left is not shared
    assert got.right[0] is own
    assert got.right[1] is not own
    buffers = {leaf.unsafe_buffer_pointer() for leaf in (shared, *jax.tree.leaves(got))}
    assert len(buffers) == 4
    np.testing.assert_array_equal(got.left, shared)


def test_unaliased_leaves_python_objects_alone() -> None:
    assert unaliased((1.5, 1.5, "a", "a"), (1.5,)) == (1.5, 1.5, "a", "a")


def test_like_gives_the_dtypes_of_the_other_tree() -> None:
    narrow = {"a": jnp.ones(2, "bfloat16"), "n": jnp.zeros((), "int32"), "c": jnp.ones((), "complex64")}
    wide = {"a": jnp.full(2, 1.7), "n": jnp.asarray(3), "c": jnp.asarray(1j)}
    got = like(wide, narrow)
    assert {name: leaf.dtype.name for name, leaf in got.items()} == {"a": "bfloat16", "n": "int32", "c": "complex64"}
    np.testing.assert_array_equal(got["a"], jnp.full(2, 1.7, "bfloat16"))
    assert got["n"] == 3


def test_like_leaves_what_has_no_dtype_alone_and_keys_too() -> None:
    key = jax.random.key(0)
    assert like((1, "a"), (2, "b")) == (1, "a")
    assert like(key, key) is key


def test_like_makes_weak_types_strong() -> None:
    weak = jnp.asarray(1.0) * 1.0 if jnp.asarray(1.0).weak_type else jnp.full((), 1.0) * 1.0
    assert not like(weak, jnp.ones(())).weak_type
    assert not jax.jit(lambda x: like(x, x))(1.0).weak_type


SMALL = {"a": jnp.ones(2), "b": (jnp.ones(3), None)}


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"a": jnp.zeros(2, "float32"), "b": (np.ones(3), None)}, None),
        ({"a": jnp.ones(2), "b": (jnp.ones(4), None)}, ("['b'][0]", "float64[3]", "float64[4]")),
        ({"a": jnp.ones(2), "b": (jnp.ones((3, 1)), None)}, ("['b'][0]", "float64[3]", "float64[3,1]")),
        ({"a": jnp.ones(2)}, ("['b'][0]", "float64[3]", "nothing")),
        ({"a": jnp.ones(2), "b": (jnp.ones(3), jnp.ones(1, "float32"))}, ("['b'][1]", "nothing", "float32[1]")),
        ({"a": jnp.ones(2), "z": (jnp.ones(3), None)}, ("['b'][0]", "float64[3]", "nothing")),
        (jnp.ones(2), ("['a']", "float64[2]", "nothing")),
    ],
)
def test_first_difference(other: Any, difference: Any) -> None:
    assert first_difference(SMALL, other) == difference


def test_first_difference_of_trees_with_the_same_leaves() -> None:
    found = first_difference((jnp.ones(1), jnp.ones(2)), [jnp.ones(1), jnp.ones(2)])
    assert found is not None
    assert found[0] == "the root"
    assert found[1] != found[2]
    assert first_difference({}, {}) is None
    assert first_difference(jnp.ones(2), jnp.ones(3)) == ("the root", "float64[2]", "float64[3]")


def test_first_difference_works_on_shapes_and_tracers() -> None:
    struct = jax.ShapeDtypeStruct((2,), jnp.float32)
    assert first_difference(struct, jnp.ones(2)) is None
    assert jax.jit(lambda x: x if first_difference(x, jnp.ones(2)) is None else -x)(jnp.ones(2)).sum() == 2


def test_require_same_trees_names_both_and_the_place() -> None:
    require_same_trees(SMALL, SMALL, "updates", "params")
    with pytest.raises(ValueError) as error:  # noqa: PT011
        require_same_trees(SMALL, {"a": jnp.ones(2)}, "updates", "params")
    assert str(error.value) == (
        "updates and params must be trees of the same structure and shapes, but differ at ['b'][0]: "
        "float64[3] in updates, nothing in params"
    )
