"""A chain warns of a weight decay on the wrong side of the learning rate, which makes the weights grow."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl

PARAMS = {"kernel": jnp.array([[1.0, -2.0], [3.0, 4.0]]), "bias": jnp.array([1.0, 2.0])}
ZERO = jax.tree.map(jnp.zeros_like, PARAMS)
HEAD, BODY = gl.path("kernel"), gl.path("bias")
DECAY = gl.add_decayed_weights(0.1)
AFTER = "add_decayed_weights comes after .*which has turned the sign .* makes the weights grow.*take adamw"


def growth(tx: Any) -> Any:
    """Return how the square of the weights changes at a step without a gradient."""
    step, _ = tx.update(ZERO, tx.init(PARAMS), PARAMS)
    return max(jnp.vdot(step[name], PARAMS[name]) for name in PARAMS)


@pytest.mark.parametrize(
    "tx",
    [
        gl.chain(gl.adam(1e-3), DECAY),
        gl.chain(gl.sgd(0.1, momentum=0.9), gl.clip_by_value(1.0), gl.chain(DECAY)),
        gl.chain(gl.adam(gl.schedules.linear(0.1, 0.01, 10)), gl.add_decayed_weights(0.1, mask=gl.ndim(2))),
        gl.chain(gl.adam(1e-3), gl.add_decayed_weights(0.1, mask={"kernel": True, "bias": False})),
        gl.chain(gl.adam(1e-3), gl.add_decayed_weights(0.1, cautious=True)),
        gl.chain(gl.sgd(0.1), gl.only(HEAD, DECAY)),
        gl.chain(gl.sgd(0.1), gl.partition((HEAD, gl.chain(gl.clip_by_value(1.0), DECAY)), default=gl.chain())),
        gl.chain(gl.only(HEAD, gl.sgd(0.1)), DECAY, gl.only(BODY, gl.sgd(0.1))),
        gl.chain(gl.adan(1e-3), DECAY),
        gl.chain(gl.skip_nonfinite(gl.adam(1e-3)), DECAY),
        gl.partition((HEAD, gl.chain(gl.adam(1e-3), DECAY)), default=gl.sgd(0.1)),
    ],
    ids=repr,
)
def test_a_decay_behind_the_learning_rate_grows(tx: Any) -> None:
    with pytest.warns(UserWarning, match=AFTER) as caught:
        assert growth(tx) > 0
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=AFTER):
        jax.jit(lambda tx: tx.init(PARAMS))(tx)  # with traced numbers


def test_a_proximal_decay_before_the_learning_rate_grows() -> None:
    tx = gl.chain(gl.proximal_decay(0.1), gl.sgd(0.1))
    with pytest.warns(UserWarning, match="proximal_decay comes before scale_by_learning_rate.* grow; put it last"):
        assert growth(tx) > 0


@pytest.mark.parametrize(
    "tx",
    [
        gl.adamw(1e-3),
        gl.chain(DECAY, gl.sgd(0.1)),
        gl.chain(gl.adam(1e-3), gl.proximal_decay(1e-3)),
        gl.chain(gl.adan(1e-3), gl.proximal_decay(1e-3)),
        gl.chain(gl.only(HEAD, DECAY), gl.partition((HEAD, gl.adamw(0.1)), default=gl.adam(0.1))),
        gl.chain(gl.only(HEAD, gl.sgd(0.1)), gl.only(BODY, gl.chain(DECAY, gl.sgd(0.1)))),
        gl.chain(
            gl.only(HEAD, gl.sgd(0.1)),
            gl.add_decayed_weights(0.1, mask={"kernel": False, "bias": True}),
            gl.only(BODY, gl.sgd(0.1)),
        ),
        gl.chain(gl.adam(1e-3), gl.scale(-1.0), DECAY, gl.scale(-1.0)),
        gl.chain(gl.adam(1e-3), DECAY, gl.gradient(), gl.sgd(0.1)),
        gl.chain(gl.adam(1e-3), gl.add_noise(0.0)),
        gl.chain(gl.adam(1e-3), gl.add_decayed_weights(0.0)),
    ],
    ids=repr,
)
def test_other_decays_are_silent_and_shrink(tx: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert growth(tx) <= 0


@pytest.mark.parametrize("tx", [DECAY, gl.chain(DECAY), gl.chain(optax.adam(1e-3), DECAY)], ids=repr)
def test_a_sign_that_nobody_knows_is_silent(tx: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jax.eval_shape(tx.init, PARAMS)
