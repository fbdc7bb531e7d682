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


def test_the_configurations_agree_with_which_pytorch_tests_its_own_optimizers():
    """Those of `optim_db` in torch/testing/_internal/common_optimizers.py."""
    assert_all_agree(torch, cases=208, looser={"centered=True": 1e-11}, recorded="optim_db")


# The arguments that PyTorch's own tests expect to be refused (`optim_error_inputs_func` of the same table).
@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("adadelta", {"rho": 1.1}, r"rho must be in \[0, 1\), got 1\.1"),
        ("adagrad", {"lr_decay": -0.5}, r"lr_decay must be in \[0, inf\), got -0\.5"),
        ("adam", {"betas": (1.0, 0.0)}, r"betas\[0\] must be in \[0, 1\), got 1\.0"),
        ("adam", {"weight_decay": -1}, r"weight_decay must be in \[0, inf\), got -1"),
        ("adamax", {"betas": (0.0, 1.0)}, r"betas\[1\] must be in \[0, 1\), got 1\.0"),
        ("nadam", {"momentum_decay": -0.2}, r"momentum_decay must be in \[0, inf\), got -0\.2"),
        ("rmsprop", {"momentum": -1.0}, r"momentum must be in \[0, 1\), got -1\.0"),
        ("sgd", {"momentum": -0.5}, r"momentum must be in \[0, 1\), got -0\.5"),
    ],
)
def test_what_pytorch_refuses_is_refused(name, arguments, message):
    with pytest.raises(ValueError, match=rf"flavors\.torch\.{name}: {message}"):
        getattr(torch, name)(lr=1e-2, **arguments)


@pytest.mark.parametrize("name", ["sgd", "adagrad"])
def test_the_rate_may_be_an_array(name):
    """As a tensor in PyTorch's tests."""
    x = jnp.array([1.0, -2.0])
    left, right = getattr(torch, name)(lr=jnp.asarray(0.001)), getattr(torch, name)(lr=0.001)
    np.testing.assert_allclose(left.update(x, left.init(x), x)[0], right.update(x, right.init(x), x)[0], rtol=1e-15)


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
