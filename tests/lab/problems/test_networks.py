"""Parts of networks, against their definitions."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.lab.problems.networks import (
    accuracy,
    apply_dense,
    apply_dense_to_columns,
    cross_entropy,
    draw_rows,
    init_dense,
    measure_classification,
)


def test_a_dense_layer_keeps_the_variance() -> None:
    layer = init_dense(jax.random.key(0), 100, 400)
    np.testing.assert_allclose(layer["weight"].var(), 1 / 100, rtol=0.05)
    outputs = apply_dense(layer, jax.random.normal(jax.random.key(1), (50, 100), jnp.float32))
    np.testing.assert_allclose(outputs.var(), 1, rtol=0.1)


def test_cross_entropy_and_accuracy() -> None:
    logits = jnp.log(jnp.asarray([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], jnp.float32))
    labels = jnp.asarray([0, 1, 0], jnp.int32)
    np.testing.assert_allclose(cross_entropy(logits, labels), -np.log([0.5, 0.8, 0.2]).mean(), rtol=1e-6)
    np.testing.assert_allclose(accuracy(logits, labels), 2 / 3, rtol=1e-6)


def test_columns_are_transposed_rows() -> None:
    layer = init_dense(jax.random.key(0), 5, 3) | {"bias": jnp.arange(3, dtype=jnp.float32)}
    rows, labels = jax.random.normal(jax.random.key(1), (7, 5), jnp.float32), jnp.arange(7, dtype=jnp.int32) % 3
    logits, columns = apply_dense(layer, rows), apply_dense_to_columns(layer, rows.T)
    np.testing.assert_allclose(columns.T, logits, rtol=1e-5)
    of_rows, of_columns = measure_classification(logits, labels), measure_classification(columns, labels, axis=0)
    assert of_rows["accuracy"] == of_columns["accuracy"]
    np.testing.assert_allclose(of_columns["loss"], of_rows["loss"], rtol=1e-6)


def test_rows_are_drawn_from_all() -> None:
    rows = draw_rows(jax.random.key(0), 100, 20, 7)
    assert (rows.shape, rows.dtype.name) == ((100, 20), "int32")
    assert np.unique(rows).tolist() == list(range(7))
