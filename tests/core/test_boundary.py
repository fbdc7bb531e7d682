"""The boundary: trees that enter are checked and raised in precision, and leave with the dtypes that they had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import find_difference, have_same_structure, require_same_trees


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
    leaf = raise_precision(jnp.ones(2, dtype), "the update")
    assert leaf.dtype == raised
    np.testing.assert_array_equal(np.asarray(leaf, complex), [1, 1])


def test_precise_keeps_the_tree_and_makes_leaves_strongly_typed_arrays() -> None:
    tree = {"a": (1.0, None), "b": Pair(np.float32(2.0), jnp.ones(()))}
    got = raise_precision(tree, "the update")
    assert type(got["b"]) is Pair
    assert got["a"][1] is None
    leaves = jax.tree.leaves(got)
    assert all(isinstance(leaf, jax.Array) and not leaf.weak_type for leaf in leaves)
    assert [leaf.dtype for leaf in leaves] == [jnp.float64, jnp.float32, jnp.float64]
    assert raise_precision({}, "the update") == {}


@pytest.mark.parametrize("leaf", [1, True, np.arange(3), jnp.ones(2, "uint8"), jax.random.key(0)])
def test_precise_refuses_what_is_not_floating_point_by_path(leaf: Any) -> None:
    with pytest.raises(TypeError) as error:
        raise_precision({"layers": [{"w": 1.0}, {"count": leaf}]}, "the parameter")
    message = str(error.value)
    for piece in ("the parameter at ['layers'][1]['count']", str(jnp.asarray(leaf).dtype), "floating-point", "astype"):
        assert piece in message
    assert "None" in message
    assert "optax.masked" in message


@pytest.mark.parametrize("leaf", ["text", object()])
def test_precise_refuses_what_is_no_array(leaf: Any) -> None:
    with pytest.raises(TypeError, match=rf"the update at \['w'\] is not an array: {type(leaf).__name__}"):
        raise_precision({"w": leaf}, "the update")
    with pytest.raises(TypeError, match=r"^the update is not an array"):
        raise_precision(leaf, "the update")


def test_like_gives_the_dtypes_of_the_other_tree() -> None:
    narrow = {"a": jnp.ones(2, "bfloat16"), "n": jnp.zeros((), "int32"), "c": jnp.ones((), "complex64")}
    wide = {"a": jnp.full(2, 1.7), "n": jnp.asarray(3), "c": jnp.asarray(1j)}
    got = restore_dtypes(wide, narrow)
    assert {name: leaf.dtype.name for name, leaf in got.items()} == {"a": "bfloat16", "n": "int32", "c": "complex64"}
    np.testing.assert_array_equal(got["a"], jnp.full(2, 1.7, "bfloat16"))
    assert got["n"] == 3


def test_like_leaves_what_has_no_dtype_alone_and_keys_too() -> None:
    key = jax.random.key(0)
    assert restore_dtypes((1, "a"), (2, "b")) == (1, "a")
    assert restore_dtypes(key, key) is key


def test_like_makes_weak_types_strong() -> None:
    weak = jnp.asarray(1.0) * 1.0 if jnp.asarray(1.0).weak_type else jnp.full((), 1.0) * 1.0
    assert not restore_dtypes(weak, jnp.ones(())).weak_type
    assert not jax.jit(lambda x: restore_dtypes(x, x))(1.0).weak_type


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
    assert find_difference(SMALL, other) == difference


def test_first_difference_of_trees_with_the_same_leaves() -> None:
    found = find_difference((jnp.ones(1), jnp.ones(2)), [jnp.ones(1), jnp.ones(2)])
    assert found is not None
    assert found[0] == "the root"
    assert found[1] != found[2]
    assert find_difference({}, {}) is None
    assert find_difference(jnp.ones(2), jnp.ones(3)) == ("the root", "float64[2]", "float64[3]")


def test_first_difference_works_on_shapes_and_tracers() -> None:
    struct = jax.ShapeDtypeStruct((2,), jnp.float32)
    assert find_difference(struct, jnp.ones(2)) is None
    assert jax.jit(lambda x: x if find_difference(x, jnp.ones(2)) is None else -x)(jnp.ones(2)).sum() == 2


def test_require_same_trees_names_both_and_the_place() -> None:
    require_same_trees(SMALL, SMALL, "updates", "params")
    with pytest.raises(ValueError) as error:  # noqa: PT011
        require_same_trees(SMALL, {"a": jnp.ones(2)}, "updates", "params")
    assert str(error.value) == (
        "updates and params must be trees of the same structure and shapes, but differ at ['b'][0]: "
        "float64[3] in updates, nothing in params"
    )


# Models that hold more than arrays.


@jax.tree_util.register_dataclass
@dataclass
class Model:
    """A layer as Equinox has it: a tree that can be called, and whose leaves are not all arrays."""

    weight: Any
    activation: Any = jnp.tanh
    label: Any = "layer"
    bias: Any = None

    def __call__(self, x: Any) -> Any:
        return self.activation(self.weight * x)


ARRAYS = Model(jnp.array([1.0, 2.0]), None, None)  # as equinox.filter gives, for parameters and for gradients


@pytest.mark.parametrize(
    "tx",
    [
        gl.adam(0.1),
        gl.adamw(0.1),
        gl.chain(gl.clip_by_global_norm(1.0), optax.add_decayed_weights(0.1), gl.sgd(0.1)),
        gl.adamw(0.1, mask=Model(True, False, False)),
        gl.adamw(0.1, mask=lambda params: jax.tree.map(lambda x: np.bool_(x.ndim == 1), params)),
    ],
)
def test_a_whole_model_may_stand_for_its_parameters(tx: Any) -> None:
    state = tx.init(ARRAYS)
    expected, _ = tx.update(ARRAYS, state, ARRAYS)
    got, new_state = tx.update(ARRAYS, state, Model(ARRAYS.weight), grads=Model(ARRAYS.weight))
    np.testing.assert_array_equal(got.weight, expected.weight)
    assert np.any(got.weight != 0)
    assert got.activation is got.label is got.bias is None
    assert have_same_structure(new_state, state)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: gl.adam().init(Model(jnp.ones(2))),
            "the parameter at .activation is not an array: .* tanh. Keep arr",
        ),
        (
            lambda: gl.adam().init(Model(jnp.ones(2), None)),
            "at .label is not an array: str 'layer'. .*equinox.filter",
        ),
        (lambda: gl.adam().update(Model(jnp.ones(2)), gl.adam().init(ARRAYS)), "activation is not an array"),
        (
            lambda: gl.adam().update(jax.ShapeDtypeStruct((2,), "float32"), (), None),
            r"Shapes have shapes as their result: jax.eval_shape\(tx.update, updates, state, params\)",
        ),
        (lambda: gl.adam().init({"x": jax.ShapeDtypeStruct((3,), "int32")}), r"at \['x'\] has dtype int32, but only"),
        (
            lambda: gl.adam().update({"count": jnp.int32(3)}, {"x": jnp.ones(2)}, {"x": jnp.ones(2)}),
            r"If it is the state, the order is update\(updates, state, params\). Convert",
        ),
    ],
)
def test_what_is_no_array_is_named_with_the_remedy(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call()


@pytest.mark.parametrize("tx", [gl.adam(), gl.sgd(0.1), gl.adam(gl.schedules.cosine(0.1, 9))], ids=repr)
def test_the_state_of_shapes_consists_of_shapes(tx: Any) -> None:
    params = {"w": jnp.ones((2, 3), "bfloat16"), "b": None, "c": [jnp.ones((), complex)]}
    shapes = jax.tree.map(lambda p: jax.ShapeDtypeStruct(p.shape, p.dtype), params)
    assert tx.init(shapes) == jax.eval_shape(tx.init, params) == jax.eval_shape(lambda: tx.init(params))
    assert tx.init(shapes | {"w": params["w"]}) == tx.init(shapes)


def test_a_model_that_does_not_fit_is_named_by_its_place() -> None:
    gradient = Model(jnp.ones(2), jnp.ones(3), None)
    with pytest.raises(ValueError, match=r"differ at .activation: float64\[3\] in updates, the .* tanh in params"):
        gl.adam().update(gradient, gl.adam().init(ARRAYS), Model(jnp.ones(2)))
    with pytest.raises(ValueError, match=r"at \[0\].moment.weight expected float64\[2\], got nothing"):
        gl.adam().update(ARRAYS, gl.adam().init, ARRAYS)
