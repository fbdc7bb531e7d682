"""How a leaf is a matrix: the conventions of the frameworks, heads, and stacks."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.transforms.matrix_shapes import count_rows_and_columns, from_matrices, to_matrices


@pytest.mark.parametrize(
    ("layout", "shape", "matrices"),
    [
        (gl.matrix_shape("flax"), (4, 6), (1, 6, 4)),
        (gl.matrix_shape("flax"), (3, 2, 5, 7), (1, 7, 30)),
        (gl.matrix_shape("keras", batch_axes=1), (8, 4, 6), (8, 6, 4)),
        (gl.matrix_shape("torch"), (4, 6), (1, 4, 6)),
        (gl.matrix_shape("equinox"), (7, 5, 3, 2), (1, 7, 30)),
        (gl.matrix_shape("torch", batch_axes=2), (2, 3, 4, 6), (6, 4, 6)),
        (gl.matrix_shape(inputs=0, outputs=2), (10, 4, 6), (4, 6, 10)),  # the queries of Flax, one matrix a head
        (gl.matrix_shape(inputs=0, outputs=(1, 2)), (10, 4, 6), (1, 24, 10)),
        (gl.matrix_shape(inputs=(-3, -2), outputs=-1), (8, 4, 6, 10), (8, 10, 24)),  # the output of stacked layers
    ],
    ids=repr,
)
def test_a_leaf_is_taken_apart_and_put_together(layout: Any, shape: tuple[int, ...], matrices: Any) -> None:
    leaf = jnp.arange(np.prod(shape)).reshape(shape)
    taken = to_matrices(leaf, layout)
    assert taken.shape == matrices
    assert count_rows_and_columns(shape, layout) == matrices[1:]
    np.testing.assert_array_equal(from_matrices(taken, shape, layout), leaf)
    assert eval(repr(layout), vars(gl)) == layout == pickle.loads(pickle.dumps(layout))


def test_rows_are_outputs_and_columns_inputs() -> None:
    leaf = jnp.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(to_matrices(leaf, gl.matrix_shape("torch"))[0], leaf)
    np.testing.assert_array_equal(to_matrices(leaf, gl.matrix_shape("flax"))[0], leaf.T)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "pass a convention"),
        ({"inputs": 0}, "pass a convention"),
        ({"inputs": 0, "outputs": 1, "batch_axes": 1}, "all other axes are a batch"),
        ({"convention": "jax"}, "must be one of 'flax'"),
        ({"convention": "flax", "inputs": 0}, "pass no others"),
        ({"convention": "flax", "batch_axes": -1}, "must not be negative"),
        ({"inputs": (0, 1), "outputs": 1}, "each axis is named once"),
    ],
)
def test_what_is_no_matrix_shape_is_refused(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gl.matrix_shape(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"convention": "flax", "batch_axes": 1.0}, "batch_axes must be a whole number.*got 1.0"),
        ({"convention": "flax", "batch_axes": True}, "batch_axes must be a whole number.*got True"),
        ({"inputs": 1.0, "outputs": 0}, "inputs must be an axis or a tuple of axes.*got 1.0"),
        ({"inputs": 0, "outputs": "a"}, "outputs must be an axis or a tuple of axes.*got 'a'"),
    ],
)
def test_axes_are_whole_numbers(options: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        gl.matrix_shape(**options)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("flax", r"takes matrices, but \['bias'\] has the shape \(3,\): .*Send matrices alone here"),
        (gl.matrix_shape(inputs=0, outputs=1), "names an axis that the leaf does not have"),
        (gl.matrix_shape(inputs=0, outputs=-1), "names an axis twice"),
    ],
)
def test_a_leaf_that_is_no_matrix_is_named(layout: Any, words: str) -> None:
    tree = {"bias": jnp.ones(3)}
    for link in (gl.orthogonalize(layout=layout), gl.scale_by_shape(layout=layout)):
        with pytest.raises(ValueError, match=words):
            link.init(tree)
        with pytest.raises(ValueError, match=words):
            link.update(tree, gl.scale(1.0).init(tree))


def test_a_layout_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="layout must be a convention"):
        gl.orthogonalize(layout=(0, 1))
    with pytest.raises(ValueError, match="the convention must be one of"):
        gl.scale_by_shape(layout="pytorch")


@pytest.mark.parametrize("spec", [jax.P("model", None), jax.P(None, "model")], ids=str)
def test_matrices_that_explicit_axes_divide_are_gathered(spec: Any) -> None:
    mesh = jax.make_mesh((2,), ("model",), axis_types=(jax.sharding.AxisType.Explicit,))
    leaf = jnp.sin(jnp.arange(24.0)).reshape(6, 4)
    divided = jax.device_put(leaf, jax.NamedSharding(mesh, spec))
    for tx in (gl.orthogonalize(), gl.orthonormalize_low_rank(rank=2)):
        got, expected = (jax.jit(lambda x, tx=tx: x - tx.update(x, tx.init(x))[0])(x) for x in (divided, leaf))
        np.testing.assert_allclose(got, expected, atol=1e-12)
        assert got.sharding.spec == spec
