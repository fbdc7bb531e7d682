"""The optimizers of PyTorch, against what torch computed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.flavors import torch
from tests.flavors.golden_runs import assert_all_agree, assert_same_signatures


def test_every_golden_case_agrees():
    assert_all_agree(torch, cases=316, looser={})


def test_signatures_are_those_of_torch():
    assert_same_signatures(torch)


@pytest.mark.parametrize("wrong", [{"momentum": 0.0}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_an_undampened_momentum(wrong):
    with pytest.raises(
        ValueError, match=r"flavors\.torch\.sgd: nesterov=True needs a momentum above 0 and a dampening of 0"
    ):
        torch.sgd(nesterov=True, **wrong)


@pytest.mark.parametrize("wrong", [0.9, (0.9,), (0.9, 0.99, 0.999), None, "ab"])
def test_betas_are_a_pair(wrong):
    with pytest.raises(TypeError, match=r"flavors\.torch\.adam: betas must be a tuple of 2 numbers, got"):
        torch.adam(betas=wrong)


def test_betas_are_leaves():
    assert jax.tree.leaves(torch.adam(betas=(0.8, 0.95)))[1:3] == [0.8, 0.95]


def test_sgd_is_smooth_in_its_hyperparameters():
    def final(tx):
        x, state = jnp.ones(2), tx.init(jnp.ones(2))
        for _ in range(3):
            updates, state = tx.update(2 * x, state, x)
            x = x + updates
        return (x**2).sum()

    slopes = jax.jit(jax.grad(final))(torch.sgd(0.1, 0.5, 0.1, 0.01))
    assert all(np.isfinite(slope) and slope != 0 for slope in jax.tree.leaves(slopes))


def test_dampening_may_be_a_schedule():
    damped, constant = (
        torch.sgd(0.1, 0.9, dampening) for dampening in (lambda step: jnp.where(step < 100, 0.3, 0.0), 0.3)
    )
    x = jnp.ones(3)
    left, right = damped.init(x), constant.init(x)
    for _ in range(3):
        (step, left), (expected, right) = damped.update(x, left, x), constant.update(x, right, x)
        np.testing.assert_allclose(step, expected, rtol=1e-15)


def test_the_parameters_are_asked_for():
    tx = torch.adam()
    with pytest.raises(ValueError, match=r"needs the parameters: call update\(updates, state, params\)"):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
