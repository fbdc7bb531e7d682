"""Micro-batches within one step: the same as the whole batch, for the optimizer and for all that reads the loss."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.training.micro_batches import split_batch

ROWS = {"x": jnp.asarray(np.random.default_rng(0).normal(size=(12, 3))), "y": jnp.arange(12.0)}


def loss(params: Any, batch: Any) -> Any:
    return jnp.mean((batch["x"] @ params["w"] + params["b"] - batch["y"]) ** 2)


def make_params() -> Any:
    return {"w": jnp.array([1.0, -2.0, 0.5]), "b": jnp.array(0.25)}


def run(step: Any, tx: Any, steps: int = 3, batch: Any = ROWS) -> Any:
    params = make_params()
    state = tx.init(params)
    for _ in range(steps):
        params, state, result = step(tx, params, state, batch)
    return params, result


def assert_close(got: Any, expected: Any, rtol: float = 1e-12) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol), got, expected)


def test_micro_batches_are_the_whole_batch() -> None:
    tx = gl.chain(gl.clip_by_global_norm(1.0), gl.sgd(0.1, momentum=0.9))
    assert_close(run(gl.make_step(loss, micro_batches=4), tx), run(gl.make_step(loss), tx))


def test_accumulation_in_the_optimizer_gives_the_same() -> None:
    step, inner = gl.make_step(loss), gl.sgd(0.1, momentum=0.9)
    whole, _ = run(step, inner)
    tx = gl.accumulate(inner, 3)
    params = make_params()
    state = tx.init(params)
    for _ in range(3):
        for i in range(3):
            params, state, _ = step(tx, params, state, jax.tree.map(lambda leaf, i=i: leaf[4 * i : 4 * i + 4], ROWS))
    assert_close(params, whole)


def count_loss(params: Any, batch: Any) -> Any:
    """Return a mean over the rows that count, of which there may be none."""
    errors = (batch["x"] @ params["w"] + params["b"] - batch["y"]) ** 2
    return jnp.sum(errors * batch["counts"]) / jnp.sum(batch["counts"])


COUNTED = ROWS | {"counts": jnp.array([1.0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1])}
HALF_EMPTY = ROWS | {"counts": jnp.array([1.0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])}


@pytest.mark.parametrize("batch", [COUNTED, HALF_EMPTY], ids=["unequal", "empty"])
def test_unequal_micro_batches_are_weighted(batch: Any) -> None:
    tx = gl.sgd(0.1, momentum=0.9)
    step = gl.make_step(count_loss, micro_batches=3, weight=lambda part: part["counts"].sum())
    assert_close(run(step, tx, batch=batch), run(gl.make_step(count_loss), tx, batch=batch))


def test_the_weight_reaches_accumulate() -> None:
    tx = gl.accumulate(gl.sgd(0.1), 2)
    step = gl.make_step(count_loss, weight=lambda batch: batch["counts"].sum())
    params = make_params()
    state = tx.init(params)
    for rows in (slice(0, 8), slice(8, 12)):
        params, state, _ = step(tx, params, state, jax.tree.map(lambda leaf, rows=rows: leaf[rows], COUNTED))
    assert_close(params, run(gl.make_step(count_loss), gl.sgd(0.1), 1, COUNTED)[0])


def test_links_see_the_whole_batch() -> None:
    seen: list[Any] = []

    @gl.transformation
    def spy():
        def update(updates, state, params, *, value, grad, value_fn, gradient_fn):
            seen.append((value, grad, value_fn(params), gradient_fn(params)))
            return updates, seen[-1]

        def init(params):
            return jnp.zeros(()), params, jnp.zeros(()), params

        return init, update

    params, tx = make_params(), gl.chain(spy(), gl.sgd(0.1))
    _, state, result = gl.make_step(loss, micro_batches=4)(tx, params, tx.init(params), ROWS)
    value, gradient = jax.value_and_grad(loss)(make_params(), ROWS)
    assert_close(state[0], (value, gradient, value, gradient))
    np.testing.assert_allclose(result, value)


def test_what_comes_with_the_loss_is_stacked() -> None:
    step = gl.make_step(lambda params, batch: (loss(params, batch), batch["y"]), has_aux=True, micro_batches=4)
    _, (value, aux) = run(step, gl.sgd(0.1), 1)
    np.testing.assert_array_equal(aux, np.arange(12.0).reshape(4, 3))
    np.testing.assert_allclose(value, loss(make_params(), ROWS), rtol=1e-12)


def test_the_mean_gradient_of_bfloat16_parameters_is_wide() -> None:
    parts = jnp.array([1.0, 1.0, 1.0078125], jnp.bfloat16)
    step = gl.make_step(lambda w, batch: (w * batch).sum().astype("float32"), micro_batches=3)
    tx = gl.chain(gl.scale(1.0), gl.scale_by_momentum(0.0), gl.scale(0.0))
    w = jnp.ones((), jnp.bfloat16)
    w, state, _ = step(tx, w, tx.init(w), parts)
    assert w.dtype == jnp.bfloat16
    np.testing.assert_allclose(state[1].moment, 1 + 0.0078125 / 3, rtol=1e-7)


def test_a_key_becomes_one_key_for_each_micro_batch() -> None:
    keys = split_batch({"key": jax.random.key(0), "x": jnp.zeros(4)}, 2)["key"]
    assert keys.shape == (2,)
    assert not bool((jax.random.key_data(keys[0]) == jax.random.key_data(keys[1])).all())


def test_rows_that_are_spread_stay_on_their_devices() -> None:
    parts = split_batch(jnp.arange(8), 2, shards=2)  # the first device has 0 to 3, and the second 4 to 7
    np.testing.assert_array_equal(parts, [[0, 1, 4, 5], [2, 3, 6, 7]])


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (ROWS | {"x": ROWS["x"][:10]}, r"5 micro-batches along the first axis .* \['y'\] has 12 rows. Pass a number"),
        (ROWS | {"y": 1.0}, r"\['x'\] has 12 rows"),
        (1.0, "the batch is a scalar"),
    ],
)
def test_what_cannot_be_divided_is_named(batch: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(gl.make_step(loss, micro_batches=5), gl.sgd(0.1), 1, batch)


@pytest.mark.parametrize("count", [0, 2.0, True, "4"])
def test_the_number_must_be_a_whole_one(count: Any) -> None:
    with pytest.raises(TypeError, match=r"micro_batches must be a Python integer of at least 1, got "):
        gl.make_step(loss, micro_batches=count)
