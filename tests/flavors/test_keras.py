"""The optimizers of Keras, against what keras computed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.flavors import keras
from tests.flavors.golden_runs import assert_all_agree, assert_same_signatures

# The variance v - m^2 of the constant coordinate falls to 0.9^100 = 2.7e-5 of v, so that one rounding of v or of m^2,
# 1e-16 of it, is 4e-12 of the variance: no two orders of the same operations agree any better.
CANCELLING = {"centered=True": 1e-11}


def test_every_golden_case_agrees():
    assert_all_agree(keras, cases=212, looser=CANCELLING)


OWN = json.loads((Path(__file__).parents[1] / "golden" / "keras_own.json").read_text())["optimizers"]
each_of_keras = pytest.mark.parametrize("recorded", [pytest.param(one, id=one["optimizer"]) for one in OWN])


@each_of_keras
def test_the_golden_values_of_kerass_own_tests(recorded):
    """Five steps from ones, the first with a gradient of 0.01 and the others with 0.1 to 1.

    Keras gives four digits, and for some optimizers one number for all ten coordinates.
    """
    tx = getattr(keras, recorded["optimizer"])(**recorded["arguments"])
    x = jnp.ones(10)
    state = tx.init(x)
    for step, expected in enumerate(recorded["positions"]):
        gradient = jnp.full(10, 0.01) if step == 0 else jnp.arange(0.1, 1.1, 0.1)
        updates, state = tx.update(gradient, state, x)
        x = x + updates
        np.testing.assert_allclose(x, expected, rtol=0, atol=2e-4)


@each_of_keras
def test_the_first_step_of_kerass_own_tests(recorded):
    one = recorded["single_step"]
    tx = getattr(keras, recorded["optimizer"])(**one["arguments"])
    x = jnp.arange(1.0, 5.0)
    step, _ = tx.update(jnp.array([1.0, 6.0, 7.0, 2.0]), tx.init(x), x)
    np.testing.assert_allclose(x + step, one["position"], rtol=0, atol=1e-4)


def test_signatures_are_those_of_keras():
    assert_same_signatures(keras, other_default=frozenset({"name", "ema_momentum"}))  # both do nothing here


def test_adamw_cannot_do_without_decay():
    with pytest.raises(TypeError, match=r"flavors\.keras\.adamw: weight_decay must be a number"):
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


GRADIENT = {"a": jnp.array([3.0, -0.1]), "b": jnp.array([4.0])}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"clipvalue": 0.5}, ([0.5, -0.1], [0.5])),
        ({"clipnorm": 1.0}, ([3 / np.sqrt(9.01), -0.1 / np.sqrt(9.01)], [1.0])),
        ({"global_clipnorm": 1.0}, ([3 / np.sqrt(25.01), -0.1 / np.sqrt(25.01)], [4 / np.sqrt(25.01)])),
        ({"loss_scale_factor": 4.0}, ([0.75, -0.025], [1.0])),
        ({"loss_scale_factor": 4.0, "clipvalue": 0.5}, ([0.5, -0.025], [0.5])),
        ({"name": "mine", "ema_momentum": 0.5}, ([3.0, -0.1], [4.0])),
    ],
)
def test_the_gradient_is_scaled_back_and_clipped_before_all_else(arguments, expected):
    tx = keras.sgd(1.0, **arguments)
    step, _ = tx.update(GRADIENT, tx.init(GRADIENT))
    np.testing.assert_allclose(step["a"], [-g for g in expected[0]], rtol=1e-12)
    np.testing.assert_allclose(step["b"], [-g for g in expected[1]], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"use_ema": True}, "gl.average_params(tx, decay=ema_momentum, start=1)"),
        ({"gradient_accumulation_steps": 4}, "optax.MultiSteps(tx, every_k_schedule=4)"),
        ({"clipnorm": 1.0, "clipvalue": 0.5}, "clipnorm and clipvalue exclude each other"),
        ({"clipnorm": 0.0}, "clipnorm must be in (0, inf), got 0.0"),
    ],
)
def test_what_no_update_can_do_is_refused(arguments, message):
    with pytest.raises(ValueError, match=rf"flavors\.keras\.adam: .*{re.escape(message)}"):
        keras.adam(**arguments)
