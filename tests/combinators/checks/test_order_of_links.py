"""A chain warns at `init` of a link behind one that freezes, accumulates or averages, if it undoes that."""

from __future__ import annotations

import re
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import gradlab as gl

PARAMS = {"body": {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}, "head": {"kernel": jnp.ones((2, 2))}}
FREEZE = gl.freeze("body/**")


@pytest.mark.parametrize(
    ("tx", "text"),
    [
        (
            gl.chain(FREEZE, gl.adamw(0.1)),
            "chain: freeze makes the updates of some leaves zero, but add_decayed_weights comes after it and moves "
            "them, such as body/bias; put freeze last",
        ),
        (gl.chain(FREEZE, gl.adamw(0.1, mask=gl.ndim(2))), "moves them, such as body/kernel; put freeze last"),
        (gl.chain(gl.freeze(), gl.add_noise()), "but add_noise comes after it and moves them"),
        (
            gl.chain(gl.accumulate(gl.scale_by_rms()), gl.add_decayed_weights(0.1)),
            "accumulate makes the updates zero between its steps, but add_decayed_weights comes after it and runs at "
            "every micro-batch; put the whole chain inside: accumulate(chain(...), every)",
        ),
        (gl.chain(gl.accumulate(gl.sgd(0.1)), gl.scale_by_momentum(0.9)), "but scale_by_momentum comes after it"),
        (
            gl.chain(gl.schedule_free(gl.sgd(0.1)), gl.clip_by_value(1.0)),
            "schedule_free defines the point at which the model is evaluated from the step that it makes, but "
            "clip_by_value comes after it and changes this step; put schedule_free last, or around the chain",
        ),
        (gl.chain(gl.average_params(gl.sgd(0.1)), gl.scale(2.0)), "put average_params last"),
        (
            gl.chain(gl.adamw(1e-2), gl.scale_by_learning_rate(1.0)),
            "chain: scale_by_learning_rate makes a step of descent, and scale_by_learning_rate_2 after it turns the "
            "sign back, so that the loss climbs. A recipe such as adam(1e-3) ends in its learning rate",
        ),
    ],
    ids=[
        "decay",
        "mask",
        "noise",
        "accumulate and decay",
        "accumulate and momentum",
        "schedule_free",
        "average",
        "two",
    ],
)
def test_a_link_that_undoes_an_earlier_one_is_named(tx: Any, text: str) -> None:
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        tx.init(PARAMS)
    assert caught[0].filename == __file__  # at the line of the user
    with pytest.warns(UserWarning, match=re.escape(text)):
        jax.jit(tx.init)(PARAMS)


@pytest.mark.parametrize(
    "tx",
    [
        gl.chain(gl.adamw(0.1), FREEZE),
        gl.chain(FREEZE, gl.adam(0.1)),
        gl.chain(FREEZE, gl.adamw(0.1, mask="head/**")),
        gl.chain(FREEZE, gl.adamw(0.1, mask=lambda params: jax.tree.map(lambda _: False, params))),
        gl.chain(gl.accumulate(gl.sgd(0.1)), gl.scale(2.0), gl.probe("end")),
        gl.chain(gl.clip_by_value(1.0), gl.schedule_free(gl.sgd(0.1)), gl.probe("end")),
        gl.accumulate(gl.chain(gl.clip_by_value(1.0), gl.adamw(0.1))),
    ],
    ids=repr,
)
def test_other_orders_are_silent(tx: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tx.init(PARAMS)
        jax.eval_shape(tx.init, PARAMS)


def test_a_frozen_leaf_moves_where_the_warning_says_so() -> None:
    tx = gl.chain(FREEZE, gl.adamw(0.1, weight_decay=1.0))
    with pytest.warns(UserWarning, match="put freeze last"):
        state = tx.init(PARAMS)
    update, _ = tx.update(PARAMS, state, PARAMS)
    assert jnp.all(update["body"]["bias"] != 0)


def test_missing_parameters_are_found_at_the_first_micro_batch() -> None:
    tx = gl.accumulate(gl.adamw(0.1), every=2)
    with pytest.raises(ValueError, match="add_decayed_weights needs the parameters"):
        tx.update(PARAMS, tx.init(PARAMS))
    plain = gl.accumulate(gl.sgd(0.1), every=2)
    update, _ = plain.update(PARAMS, plain.init(PARAMS))
    assert not any(jnp.any(leaf) for leaf in jax.tree.leaves(update))
