"""A step refuses an extra argument that no link reads, and says where it belongs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest
from flax.training.train_state import TrainState

import gradlab as gl
from gradlab import registry
from gradlab.training.extra_arguments import require_read

PARAMS = {"x": jnp.ones(3)}
BATCH = jnp.zeros(3)


def loss(params: Any, batch: Any) -> Any:
    return ((params["x"] - batch) ** 2).sum()


def random_loss(params: Any, batch: Any, key: Any = None) -> Any:
    return loss(params, batch if key is None else jax.random.normal(key, batch.shape))


def open_loss(params: Any, batch: Any, **options: Any) -> Any:
    return loss(params, batch)


@gl.transformation
def cooled():
    def update(updates, state, *, temperature=1.0, mode="warm"):
        return jax.tree.map(lambda d: temperature * d, updates), state

    return lambda params: (), update


@gl.transformation
def open_to_all():
    def update(updates, state, params=None, **extra):
        return jax.tree.map(lambda d: extra["factor"] * d, updates), state

    return lambda params: (), update


def run(tx: Any, of: Any = loss, **extra: Any) -> Any:
    return gl.make_step(of, donate=False)(tx, PARAMS, tx.init(PARAMS), BATCH, **extra)


COOLED = gl.chain(gl.adam(1e-3), cooled())


@pytest.mark.parametrize(
    ("tx", "of", "extra", "message"),
    [
        (gl.adam(1e-3), random_loss, "key", r"no link of adam reads key\. .*into the batch: batch = \(data, key\)"),
        (gl.adam(gl.schedules.constant(0.1)), random_loss, "key", r"batch = \(data, key\)"),
        (gl.adam(1e-3), open_loss, "key", r"batch = \(data, key\)"),
        (COOLED, loss, "temprature", r"no link of chain reads temprature; did you mean temperature\?"),
        (COOLED, open_loss, "temprature", r"did you mean temperature\?"),
        (COOLED, loss, "other", "reads other; its links read mode and temperature$"),
        (gl.adam(1e-3), loss, "other", "no link of adam reads other; its links read no extra arguments$"),
        (gl.accumulate(gl.adam(1e-3)), loss, "wieght", r"weight is an option of make_step\(loss, weight=...\)"),
        (gl.accumulate(gl.adam(1e-3)), loss, "weight", r"leave it out here, and let make_step\(loss, weight=...\)"),
        (gl.adam(1e-3), loss, "micro_batches", r"micro_batches is an option of make_step\(loss, micro_batches=...\)"),
        (gl.prodigy(), loss, "distance", "no link of prodigy reads distance"),  # which it measures itself
        (optax.scale(-0.1), loss, "other", "no link of scale reads other"),
        (gl.chain(optax.scale(-0.1)), loss, "other", "no link of chain reads other"),
    ],
)
def test_an_argument_that_nothing_reads(tx: Any, of: Any, extra: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        run(tx, of, **{extra: 1})


def test_an_argument_that_nothing_reads_beside_a_train_state() -> None:
    train_state = TrainState.create(apply_fn=None, params=PARAMS, tx=gl.adam(1e-3))
    with pytest.raises(TypeError, match="no link of adam reads temperature"):
        gl.make_step(loss)(train_state, BATCH, temperature=0.5)


@pytest.mark.parametrize(
    "tx",
    [optax.sgd(0.1), gl.chain(gl.scale(1.0), optax.sgd(0.1)), gl.transformation(optax.sgd)(0.1), open_to_all()],
)
def test_a_link_that_takes_any_argument_may_read_it(tx: Any) -> None:
    run(tx, factor=2.0)


@pytest.mark.parametrize("name", registry.of_kind("recipe", "link", "combinator"))
def test_each_transformation_of_gradlab_says_what_it_reads(name: str) -> None:
    with pytest.raises(TypeError, match="reads unheard_of"):
        require_read(registry.entries()[name].example, ["unheard_of"], loss)


@pytest.mark.parametrize(
    ("of", "batch"),
    [
        (lambda params, batch, key: 0.0, r"\(data, key\)"),
        (lambda params, x, y, *, key: 0.0, r"\(x, y, key\)"),
        (lambda params, x, y, scale=1.0, *rest: 0.0, r"\(x, y\)"),
    ],
)
def test_a_loss_that_needs_more_than_a_batch(of: Any, batch: str) -> None:
    with pytest.raises(TypeError, match=rf"a loss of two arguments.*put the rest into the batch: batch = {batch}$"):
        gl.make_step(of)


def test_a_key_in_the_batch_reaches_the_loss() -> None:
    def loss_of_pair(params: Any, batch: Any) -> Any:
        return random_loss(params, *batch)

    tx, step = gl.sgd(0.1), gl.make_step(loss_of_pair, donate=False)
    one, two = (step(tx, PARAMS, tx.init(PARAMS), (BATCH, jax.random.key(seed)))[2] for seed in (0, 1))
    assert one != two
