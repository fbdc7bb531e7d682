"""Blocks of leaves: rows, columns, matrices and heads, by numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

KERNEL = jnp.array([[1.0, 2.0, 3.0], [5.0, 6.0, 9.0]])  # of two inputs and three outputs, by Flax
OF_ROWS, OF_COLUMNS = [[3.0, 4.0, 6.0]] * 2, [[2.0] * 3, [20 / 3] * 3]


def average(leaf: Any, **arguments: Any) -> Any:
    tx = gl.average_blocks(**arguments)
    return tx.update(leaf, tx.init(leaf))[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, OF_ROWS),
        ({"blocks": "columns"}, OF_COLUMNS),
        ({"layout": "torch"}, OF_COLUMNS),
        ({"blocks": "columns", "layout": "torch"}, OF_ROWS),
        ({"blocks": "leaf"}, [[26 / 6] * 3] * 2),
        ({"blocks": "matrices"}, [[26 / 6] * 3] * 2),
        ({"blocks": "rows", "size": 3}, [[26 / 6] * 3] * 2),
    ],
    ids=str,
)
def test_blocks_of_a_matrix(arguments: dict[str, Any], expected: Any) -> None:
    np.testing.assert_allclose(average(KERNEL, **arguments), expected)


def test_heads_are_matrices_or_rows_next_to_each_other() -> None:
    kernel = jnp.asarray(np.random.default_rng(0).standard_normal((5, 3, 2)))  # (in, heads, size)
    expected = jnp.broadcast_to(kernel.mean((0, 2), keepdims=True), kernel.shape)
    by_matrix = average(kernel, blocks="matrices", layout=gl.matrix_shape(inputs=0, outputs=2))
    np.testing.assert_allclose(by_matrix, expected)
    fused = kernel.reshape(5, 6).T  # (heads * size, in), as PyTorch has it
    by_rows = average(fused, layout="torch", size=2)
    np.testing.assert_allclose(by_rows.T.reshape(5, 3, 2), expected)


def test_vectors_are_one_block_or_one_for_each_layer() -> None:
    biases = jnp.array([[1.0, 3.0], [5.0, 9.0]])
    np.testing.assert_allclose(average(biases[0]), [2.0, 2.0])
    np.testing.assert_allclose(average(biases, layout=gl.matrix_shape("flax", batch_axes=1)), [[2.0] * 2, [7.0] * 2])


def test_the_state_has_a_number_for_each_block() -> None:
    params = {"kernel": jnp.zeros((7, 5)), "bias": jnp.zeros(5)}
    assert jax.tree.map(jnp.shape, gl.block_mean(0.9).init(params).mean) == {"kernel": (1, 5), "bias": (1, 1)}


def test_a_normalized_block_has_an_rms_of_one() -> None:
    for blocks, axis in (("leaf", None), ("rows", 0), ("columns", 1)):
        tx = gl.normalize_blocks(blocks)
        np.testing.assert_allclose(jnp.mean(tx.update(KERNEL, tx.init(KERNEL))[0] ** 2, axis), 1.0)


def test_what_is_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match="blocks must be one of 'leaf', 'matrices', 'rows', 'columns'; got 'heads'"):
        gl.block_mean(blocks="heads")
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        gl.average_blocks(size=0)
    with pytest.raises(ValueError, match=r"3 rows of a leaf of shape \(2, 3\) do not divide into blocks of 2"):
        gl.average_blocks(size=2).init(KERNEL)
