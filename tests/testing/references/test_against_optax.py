"""The references against optax in float64, where optax computes the same."""

from typing import Any

import numpy as np
import optax
import pytest

from gradlab.testing import references
from tests.testing.references.examples import assert_same_path, decaying_rate, gradients_of, optax_trajectory, run

# Some optimizers of optax have eps inside the root or the maximum, or the rate inside the buffer. Those are compared
# without eps, or composed of optax's parts.

A, U = 0.1, 0.9  # the rate and the momentum
RATES = {"constant": (A, A), "decaying": (decaying_rate,) * 2}
TINY = 1e-300  # an eps that only keeps optax from 0 / 0

OPTAX: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "sgd": (references.sgd, {}, optax.sgd),
    "heavy ball": (references.sgd, {"momentum": U}, lambda a: optax.sgd(a, momentum=U)),
    "nesterov": (
        references.sgd,
        {"momentum": U, "nesterov": True},
        lambda a: optax.chain(optax.scale_by_learning_rate(a), optax.trace(U, nesterov=True)),
    ),
    "momentum_average": (
        references.momentum_average,
        {"decay": U},
        lambda a: optax.chain(optax.ema(U, debias=False), optax.scale_by_learning_rate(a)),
    ),
    "sign_sgd": (references.sign_sgd, {}, optax.sign_sgd),
    "adagrad": (
        references.adagrad,
        {"eps": 0.0},
        lambda a: optax.adagrad(a, initial_accumulator_value=0.0, eps=0.0),
    ),
    "adagrad, accumulator": (
        references.adagrad,
        {"eps": 0.0, "initial_accumulator": 0.1},
        lambda a: optax.adagrad(a, initial_accumulator_value=0.1, eps=0.0),
    ),
    "adadelta": (references.adadelta, {}, optax.adadelta),
    "adadelta, decay": (
        references.adadelta,
        {"weight_decay": 0.1},
        lambda a: optax.adadelta(a, weight_decay=0.1),
    ),
    "adadelta, other": (
        references.adadelta,
        {"rho": 0.7, "eps": 1e-9},
        lambda a: optax.adadelta(a, rho=0.7, eps=1e-9),
    ),
    "rmsprop": (references.rmsprop, {}, lambda a: optax.rmsprop(a, eps_in_sqrt=False)),
    "rmsprop, centered": (
        references.rmsprop,
        {"decay": 0.8, "centered": True},
        lambda a: optax.rmsprop(a, decay=0.8, eps_in_sqrt=False, centered=True),
    ),
    "rmsprop, momentum": (
        references.rmsprop,
        {"momentum": U},
        lambda a: optax.chain(
            optax.scale_by_rms(0.9, 1e-8, eps_in_sqrt=False),
            optax.trace(U),
            optax.scale_by_learning_rate(a),
        ),
    ),
    "rmsprop, nesterov": (
        references.rmsprop,
        {"momentum": U, "nesterov": True},
        lambda a: optax.chain(
            optax.scale_by_rms(0.9, 1e-8, eps_in_sqrt=False),
            optax.trace(U, nesterov=True),
            optax.scale_by_learning_rate(a),
        ),
    ),
    "adam": (references.adam, {}, optax.adam),
    "adam, other": (
        references.adam,
        {"b1": 0.7, "b2": 0.9, "eps": 1e-5},
        lambda a: optax.adam(a, b1=0.7, b2=0.9, eps=1e-5),
    ),
    "adam_efficient": (
        references.adam_efficient,
        {"eps": TINY},
        lambda a: optax.adam(a, eps=TINY),
    ),
    "adamw": (
        references.adamw,
        {"weight_decay": 0.01},
        lambda a: optax.adamw(a, weight_decay=0.01),
    ),
    "adamw, nesterov": (
        references.adamw,
        {"weight_decay": 0.1, "nesterov": True, "eps_root": 1e-3},
        lambda a: optax.adamw(a, weight_decay=0.1, nesterov=True, eps_root=1e-3),
    ),
    "rmsprop, all": (
        references.rmsprop,
        {"eps_in_sqrt": True, "initial_scale": 0.1, "bias_correction": True, "centered": True},
        lambda a: optax.rmsprop(a, initial_scale=0.1, bias_correction=True, centered=True),
    ),
    "adamax": (references.adamax, {"eps": TINY}, lambda a: optax.adamax(a, eps=TINY)),
    "nadam": (references.nadam, {}, optax.nadam),
    "amsgrad": (references.amsgrad, {"b2": 0.9}, lambda a: optax.amsgrad(a, b2=0.9)),
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", OPTAX)
def test_same_path_as_optax(name, rate):
    step, hyperparameters, make_optax = OPTAX[name]
    ours, theirs = RATES[rate]
    g = np.hstack(  # all of them work by element, so that six kinds of gradient fit in one run
        [gradients_of(scale, sparse=sparse) for scale in (1, 1e-4, 1e-12) for sparse in (0, 1)]
    )
    x0 = np.zeros(36)  # no digits are lost
    if "weight_decay" in hyperparameters:
        x0 += np.linspace(-1.0, 2.0, 36)
    expected = optax_trajectory(make_optax(theirs), x0, g)
    got = run(step, x0, g, learning_rate=ours, **hyperparameters)
    assert_same_path(got, expected)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("centered", [False, True])
def test_whole_optax_recipes_at_a_constant_rate(centered, nesterov):
    g = gradients_of(1e-4)
    got = run(references.sgd, np.zeros(6), g, momentum=U, nesterov=nesterov)
    expected = optax_trajectory(optax.sgd(1e-2, U, nesterov), np.zeros(6), g)
    assert_same_path(got, expected)
    switches: dict[str, Any] = {"centered": centered, "momentum": U, "nesterov": nesterov}
    got = run(references.rmsprop, np.zeros(6), g, **switches)
    tx = optax.rmsprop(1e-2, 0.9, 1e-8, eps_in_sqrt=False, **switches)
    assert_same_path(got, optax_trajectory(tx, np.zeros(6), g))


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_adamax_is_near_optax_with_its_eps_inside_the_maximum(scale):
    g = scale * np.sign(gradients_of(1.0)) * np.linspace(1.0, 2.0, 6)  # no |g| near eps
    got = run(references.adamax, np.zeros(6), g, eps=1e-8)
    expected = optax_trajectory(optax.adamax(2e-3, eps=1e-8), np.zeros(6), g)
    assert_same_path(got, expected, tolerance=1e-11 / scale)


@pytest.mark.parametrize("name", ["heavy ball", "rmsprop", "adam", "adamax", "nadam", "amsgrad"])
def test_same_complex_path_as_optax(name):
    step, hyperparameters, make_optax = OPTAX[name]
    g = gradients_of(1.0) + 1j * gradients_of(1.0, seed=1)
    expected = optax_trajectory(make_optax(A), np.zeros(6, complex), g)
    got = run(step, np.zeros(6), g, learning_rate=A, **hyperparameters)
    assert_same_path(got, expected)
