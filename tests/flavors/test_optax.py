"""The optimizers of optax, against what optax computed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax as real
import pytest

from gradlab.flavors import optax
from tests.flavors.golden_runs import assert_all_agree, assert_same_signatures
from tests.flavors.test_keras import CANCELLING


def test_every_golden_case_agrees():
    assert_all_agree(optax, cases=260, looser=CANCELLING)


def test_signatures_are_those_of_optax():
    assert_same_signatures(optax, left_out={"mu_dtype", "accumulator_dtype"})


def test_adadelta_without_a_rate_would_ascend():
    with pytest.raises(ValueError, match=r"learning_rate is None.*ascends; pass learning_rate=1\.0"):
        optax.adadelta()


@pytest.mark.parametrize("make", [optax.sgd, optax.adam, optax.rmsprop])
def test_no_other_has_a_rate_of_none(make):
    with pytest.raises(TypeError, match="learning_rate must be a number"):
        make(None)


@pytest.mark.parametrize("name", ["adamw", "nadamw", "adamaxw", "adadelta"])
def test_the_mask_chooses_what_decays(name):
    mask_argument = "weight_decay_mask" if name == "adadelta" else "mask"
    arguments = {"weight_decay": 0.1, mask_argument: {"a": True, "b": False}}
    x = {"a": jnp.array([1.0, -2.0]), "b": jnp.array(3.0)}
    gradient = {"a": jnp.array([0.5, 0.1]), "b": jnp.array(-1.0)}
    flavor = getattr(optax, name)(0.1, **arguments)
    step, _ = flavor.update(gradient, flavor.init(x), x)
    with jax.numpy_dtype_promotion("standard"):  # optax divides floats by integers
        original = getattr(real, name)(0.1, **arguments)
        expected, _ = original.update(gradient, original.init(x), x)
    for key in x:
        np.testing.assert_allclose(step[key], expected[key], rtol=1e-12)


def test_a_momentum_that_is_a_schedule_looks_ahead_by_its_value_at_the_step():
    """At the first step of Nadam optax has b m / (1 - b^2) + g, with b = 0.5 of this step and m = (1 - b) g."""
    b, g = 0.5, 2.0
    tx = optax.nadam(1.0, b1=lambda step: jnp.where(step == 0, b, 0.8), eps=0.0)
    step, _ = tx.update(jnp.array([g]), tx.init(jnp.array([g])))
    np.testing.assert_allclose(step, [-(b * (1 - b) * g / (1 - b**2) + g) / g], rtol=1e-12)
