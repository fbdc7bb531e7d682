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
    assert_same_signatures(optax)


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


STORED = {
    "adam": lambda module, dtype: module.adam(1.0, mu_dtype=dtype),
    "nadam": lambda module, dtype: module.nadam(1.0, mu_dtype=dtype),
    "adamw": lambda module, dtype: module.adamw(1.0, 0.8, 0.99, 1e-8, 0.0, dtype, 0.1),
    "nadamw": lambda module, dtype: module.nadamw(1.0, mu_dtype=dtype, weight_decay=0.1),
    "amsgrad": lambda module, dtype: module.amsgrad(1.0, mu_dtype=dtype),
    "sgd": lambda module, dtype: module.sgd(1.0, 0.9, accumulator_dtype=dtype),
    "sgd, nesterov": lambda module, dtype: module.sgd(1.0, 0.9, True, dtype),
}


@pytest.mark.parametrize("name", STORED)
def test_a_narrow_moment_is_that_of_optax(name, rng):
    """Compiled, in float32: what differs is the order of the operations, while bfloat16 itself is seen at 1e-3."""
    gradients, x = rng.standard_normal((30, 50)).astype(np.float32), np.ones(50, np.float32)

    def steps(tx):
        @jax.jit
        def run(gradients):
            def step(state, gradient):
                updates, state = tx.update(gradient, state, x)
                return state, updates

            return jax.lax.scan(step, tx.init(x), gradients)

        with jax.numpy_dtype_promotion("standard"):
            return run(gradients)

    (state, ours), (_, theirs) = (steps(STORED[name](module, jnp.bfloat16)) for module in (optax, real))
    wide = steps(STORED[name](real, None))[1]
    scale = np.abs(theirs).max()
    assert np.abs(ours - theirs).max() < 1e-5 * scale
    assert np.abs(wide - theirs).max() > 1e-3 * scale
    assert state[0].moment.dtype == jnp.bfloat16


def test_a_decay_that_the_narrow_dtype_rounds_to_one_is_refused():
    with pytest.raises(ValueError, match=r"flavors\.optax\.adamw: b1=0\.999 is 1 in bfloat16"):
        optax.adamw(0.1, b1=0.999, mu_dtype="bfloat16")
    optax.adamw(0.1, b1=0.999, mu_dtype="float32")


def test_the_stored_dtype_is_a_value():
    assert optax.adam(0.1, mu_dtype=jnp.bfloat16) == optax.adam(0.1, mu_dtype="bfloat16") != optax.adam(0.1)
