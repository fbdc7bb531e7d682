"""The optimizers of Keras, against what keras computed."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.flavors import keras
from tests.flavors.golden_runs import assert_all_agree, assert_same_signatures

CLIPPING = {"clipnorm", "clipvalue", "global_clipnorm"}
AROUND = {"use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"}

# The variance v - m^2 of the constant coordinate falls to 0.9^100 = 2.7e-5 of v, so that one rounding of v or of m^2,
# 1e-16 of it, is 4e-12 of the variance: no two orders of the same operations agree any better.
CANCELLING = {"centered=True": 1e-11}


def test_every_golden_case_agrees():
    assert_all_agree(keras, cases=212, looser=CANCELLING)


def test_signatures_are_those_of_keras():
    assert_same_signatures(keras, left_out={"name"} | CLIPPING | AROUND)


def test_adamw_cannot_do_without_decay():
    with pytest.raises(TypeError, match=r"keras\.adamw: weight_decay must be a number"):
        keras.adamw(weight_decay=None)


@pytest.mark.parametrize("make", [keras.sgd, keras.rmsprop])
@pytest.mark.parametrize(
    ("rate", "decay"),
    [
        (lambda step: 0.1 * 0.9**step, 0.1),
        (gl.schedules.exponential(0.1, 1, 0.9), lambda step: 0.1),
        (gl.schedules.exponential(0.1, 1, 0.9), gl.schedules.constant(0.1)),
    ],
)
def test_the_decay_behind_the_momentum_takes_any_schedules(make, rate, decay):
    """With a zero gradient a step is the decay alone: the rate of the step times the decay times x."""
    tx = make(rate, momentum=0.9, weight_decay=decay)
    x = jnp.full(2, 3.0)
    state = tx.init(x)
    for t in range(3):
        step, state = tx.update(jnp.zeros(2), state, x)
        np.testing.assert_allclose(step, -0.1 * 0.9**t * 0.1 * 3.0, rtol=1e-6)


def test_parameters_are_asked_for_only_by_decay():
    tx = keras.adam()
    tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
    tx = keras.adamw()
    with pytest.raises(ValueError, match="needs the parameters"):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
