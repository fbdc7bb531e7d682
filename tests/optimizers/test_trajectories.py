"""Every recipe against independent NumPy, in float64: one table drives all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import references
from tests.optimizers.runs import DECAYING, RATE, SEQUENCES, SIZE, STEPS, assert_same_path, points


class Case(NamedTuple):
    """A recipe with options, and the reference that must agree with it."""

    recipe: Callable[..., gl.Transformation]
    reference: Callable[..., Any]
    options: Mapping[str, Any] = {}
    renamed: Mapping[str, str] = {}  # our name of an option -> the reference's


CASES: dict[str, Case] = {
    "sgd": Case(gl.sgd, references.sgd),
    "sgd, heavy ball": Case(gl.sgd, references.sgd, {"momentum": 0.9}),
    "sgd, damped": Case(gl.sgd, references.sgd, {"momentum": 0.8, "dampening": 0.3}),
    "sgd, nesterov": Case(gl.sgd, references.sgd, {"momentum": 0.9, "nesterov": True}),
    "sgd, damped nesterov": Case(gl.sgd, references.sgd, {"momentum": 0.8, "nesterov": True, "dampening": 0.3}),
    "sign_sgd": Case(gl.sign_sgd, references.sign_sgd),
    "adagrad": Case(gl.adagrad, references.adagrad),
    "adagrad, from 0.1": Case(
        gl.adagrad,
        references.adagrad,
        {"initial_accumulator_value": 0.1, "eps": 1e-3},
        {"initial_accumulator_value": "initial_accumulator"},
    ),
    "adadelta": Case(gl.adadelta, references.adadelta),
    "adadelta, options": Case(gl.adadelta, references.adadelta, {"rho": 0.5, "eps": 1e-3}),
    "adadelta, decay": Case(gl.adadelta, references.adadelta, {"weight_decay": 0.3, "eps": 1e-3}),
    "rmsprop": Case(gl.rmsprop, references.rmsprop),
    "rmsprop, centered": Case(gl.rmsprop, references.rmsprop, {"centered": True, "eps": 1e-4}),
    "rmsprop, momentum": Case(gl.rmsprop, references.rmsprop, {"momentum": 0.9, "decay": 0.99}),
    "rmsprop, nesterov": Case(gl.rmsprop, references.rmsprop, {"momentum": 0.9, "nesterov": True}),
    "rmsprop, all": Case(
        gl.rmsprop, references.rmsprop, {"centered": True, "momentum": 0.8, "nesterov": True, "eps": 1e-3}
    ),
    "rmsprop, eps inside": Case(gl.rmsprop, references.rmsprop, {"eps_in_sqrt": True, "eps": 1e-3}),
    "rmsprop, from 0.1": Case(gl.rmsprop, references.rmsprop, {"initial_scale": 0.1}),
    "rmsprop, corrected": Case(gl.rmsprop, references.rmsprop, {"bias_correction": True, "decay": 0.7}),
    "rmsprop, optax's options": Case(
        gl.rmsprop,
        references.rmsprop,
        {"eps_in_sqrt": True, "initial_scale": 0.1, "centered": True, "bias_correction": True, "momentum": 0.8},
    ),
    "adam": Case(gl.adam, references.adam),
    "adam, options": Case(gl.adam, references.adam, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "adam, no eps": Case(gl.adam, references.adam, {"eps": 0.0}),
    "adamw": Case(gl.adamw, references.adamw),
    "adamw, options": Case(gl.adamw, references.adamw, {"weight_decay": 0.5, "b1": 0.5, "eps": 1e-3}),
    "adam, eps_root": Case(gl.adam, references.adam, {"eps_root": 1e-3, "b2": 0.7}),
    "adam, nesterov": Case(gl.adam, references.adam, {"nesterov": True, "b1": 0.7, "eps_root": 1e-4}),
    "adamw, eps_root": Case(gl.adamw, references.adamw, {"eps_root": 1e-3, "b2": 0.7}),
    "adamw, nesterov": Case(gl.adamw, references.adamw, {"nesterov": True, "b1": 0.7, "eps_root": 1e-4}),
    "adamax": Case(gl.adamax, references.adamax),
    "adamax, options": Case(gl.adamax, references.adamax, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "nadam": Case(gl.nadam, references.nadam),
    "nadam, options": Case(gl.nadam, references.nadam, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "nadam, eps_root": Case(gl.nadam, references.nadam, {"eps_root": 1e-3, "b2": 0.7}),
    "amsgrad": Case(gl.amsgrad, references.amsgrad),
    "amsgrad, options": Case(gl.amsgrad, references.amsgrad, {"b1": 0.5, "b2": 0.7, "eps": 1e-3}),
    "amsgrad, eps_root": Case(gl.amsgrad, references.amsgrad, {"eps_root": 1e-3, "b2": 0.7}),
    "adabound": Case(gl.adabound, references.adabound),
    "adabound, options": Case(gl.adabound, references.adabound, {"final_rate": 0.01, "gamma": 0.1, "b1": 0.5}),
    "adafactor": Case(gl.adafactor, references.adafactor),
    "adam_mini": Case(gl.adam_mini, references.adam_mini),
    "adam_mini, options": Case(
        gl.adam_mini, references.adam_mini, {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "weight_decay": 0.5}
    ),
    "adafactor, options": Case(
        gl.adafactor,
        references.adafactor,
        {"decay_rate": 0.5, "clipping_threshold": 0.5, "eps": 1e-2, "least_scale": 0.6, "weight_decay": 0.5},
    ),
    "lamb": Case(gl.lamb, references.lamb),
    "lamb, options": Case(gl.lamb, references.lamb, {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "weight_decay": 0.5}),
    "lars": Case(gl.lars, references.lars),
    "lars, options": Case(
        gl.lars, references.lars, {"momentum": 0.5, "weight_decay": 0.5, "coefficient": 0.1, "eps": 1e-3}
    ),
    "shampoo": Case(gl.shampoo, references.shampoo),
    "dion": Case(gl.dion, references.dion, {"weight_decay": 0.3}),  # these leaves are no matrices, as with muon
    "kron": Case(gl.kron, references.kron, {"weight_decay": 0.3}),
    "soap": Case(gl.soap, references.soap),  # tests/optimizers/test_soap.py has its matrices, and those of GaLore
    "galore, options": Case(gl.galore, references.galore, {"b1": 0.6, "eps": 1e-3, "weight_decay": 0.4}),
    "muon": Case(gl.muon, references.muon),  # these leaves are no matrices; tests/optimizers/test_muon.py has those
    "muon, options": Case(gl.muon, references.muon, {"adam_b1": 0.5, "adam_eps": 1e-3, "weight_decay": 0.5}),
    "muon_hyperball": Case(gl.muon_hyperball, references.muon_hyperball),  # no matrices, as with muon
    "normuon": Case(gl.normuon, references.normuon),
    "scion": Case(gl.scion, references.scion),
    "scion, free": Case(
        gl.scion, references.scion, {"momentum": 0.5, "radius": 2.0, "eps": 1e-3, "is_constrained": False}
    ),
    "nag": Case(gl.nag, references.nag, {"momentum": 0.7}),  # at 0.9, heavy ball, as the gradients are given
    "schedule_free_sgd": Case(gl.schedule_free_sgd, references.schedule_free_sgd),
    "schedule_free_sgd, options": Case(
        gl.schedule_free_sgd,
        references.schedule_free_sgd,
        {"b1": 0.5, "weight_decay": 0.1, "weight_lr_power": 0.0, "weight_power": 1.5},
    ),
    "schedule_free_adamw": Case(gl.schedule_free_adamw, references.schedule_free_adamw),
    "schedule_free_adamw, options": Case(
        gl.schedule_free_adamw, references.schedule_free_adamw, {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "weight_decay": 0.5}
    ),
    "amsbound": Case(gl.amsbound, references.amsbound),
    "signum": Case(gl.signum, references.signum),
    "signum, options": Case(gl.signum, references.signum, {"momentum": 0.5, "weight_decay": 0.3}),
    "lion": Case(gl.lion, references.lion),
    "lion, options": Case(gl.lion, references.lion, {"b1": 0.8, "b2": 0.5, "weight_decay": 0.3}),
    "cautious_lion": Case(gl.cautious_lion, references.cautious_lion),
    "cautious_lion, options": Case(
        gl.cautious_lion, references.cautious_lion, {"b1": 0.5, "weight_decay": 0.3, "min_share": 0.5}
    ),
    "adabelief": Case(gl.adabelief, references.adabelief),
    "adabelief, options": Case(
        gl.adabelief, references.adabelief, {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "eps_root": 1e-2}
    ),
    "yogi": Case(gl.yogi, references.yogi),
    "yogi, options": Case(
        gl.yogi, references.yogi, {"b1": 0.5, "b2": 0.7, "eps": 1e-8, "initial_accumulator_value": 0.1}
    ),
    "radam": Case(gl.radam, references.radam),
    "radam, options": Case(gl.radam, references.radam, {"b1": 0.5, "b2": 0.8, "eps": 1e-3, "threshold": 4.0}),
    "nadamw": Case(gl.nadamw, references.nadamw),
    "nadamw, options": Case(gl.nadamw, references.nadamw, {"b1": 0.5, "weight_decay": 0.5, "eps_root": 1e-3}),
    "cautious_adamw": Case(gl.cautious_adamw, references.cautious_adamw),
    "cautious_adamw, options": Case(
        gl.cautious_adamw, references.cautious_adamw, {"b1": 0.5, "weight_decay": 0.3, "min_share": 0.5}
    ),
    "qhm": Case(gl.qhm, references.qhm),
    "qhm, options": Case(gl.qhm, references.qhm, {"momentum": 0.5, "nu": 0.3}),
    "qhadam": Case(gl.qhadam, references.qhadam),
    "qhadam, options": Case(gl.qhadam, references.qhadam, {"b1": 0.5, "b2": 0.7, "nu1": 0.3, "nu2": 0.6, "eps": 1e-3}),
    "adan": Case(gl.adan, references.adan),
    "adan, options": Case(
        gl.adan, references.adan, {"b1": 0.5, "b2": 0.6, "b3": 0.7, "eps": 1e-3, "weight_decay": 0.3}
    ),
    "ademamix": Case(gl.ademamix, references.ademamix),
    "ademamix, options": Case(
        gl.ademamix, references.ademamix, {"b3": 0.99, "alpha": 2.0, "eps": 1e-3, "weight_decay": 0.3}
    ),
    "ademamix, warm-up": Case(gl.ademamix, references.ademamix, {"b3": 0.999, "warmup_steps": 40}),
    "adopt": Case(gl.adopt, references.adopt),
    "adopt, options": Case(
        gl.adopt, references.adopt, {"b1": 0.5, "b2": 0.7, "eps": 1e-2, "weight_decay": 0.3, "clip_exponent": 0.1}
    ),
    "mars": Case(gl.mars, references.mars),
    "mars, options": Case(
        gl.mars, references.mars, {"b1": 0.5, "b2": 0.7, "gamma": 0.3, "max_norm": 0.5, "weight_decay": 0.3}
    ),
    "dog": Case(gl.dog, references.dog, {"initial": 0.1}),
    "dog, options": Case(gl.dog, references.dog, {"initial": 0.1, "eps": 1e-3, "weight_decay": 0.3, "relative": False}),
    "dowg": Case(gl.dowg, references.dowg, {"initial": 0.1}),
    "dowg, options": Case(
        gl.dowg, references.dowg, {"initial": 0.1, "eps": 1e-3, "weight_decay": 0.3, "relative": False}
    ),
    "prodigy": Case(gl.prodigy, references.prodigy, {"initial": 0.1}),
    "prodigy, options": Case(
        gl.prodigy,
        references.prodigy,
        {"b1": 0.5, "b2": 0.7, "b3": 0.6, "eps": 1e-3, "weight_decay": 0.3, "initial": 1e-2, "coefficient": 2.0},
    ),
    "dadapt_adam": Case(gl.dadapt_adam, references.dadapt_adam, {"initial": 0.05}),
    "dadapt_adam, options": Case(
        gl.dadapt_adam, references.dadapt_adam, {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "weight_decay": 0.3, "initial": 0.1}
    ),
    "momo": Case(gl.momo, references.momo),
    "momo, options": Case(
        gl.momo,
        references.momo,
        {"momentum": 0.5, "lower_bound": 0.8, "weight_decay": 0.3, "adapt_lower_bound": True},
    ),
    "momo_adam": Case(gl.momo_adam, references.momo_adam),
    "momo_adam, options": Case(
        gl.momo_adam,
        references.momo_adam,
        {"b1": 0.5, "b2": 0.7, "eps": 1e-3, "lower_bound": 0.8, "weight_decay": 0.3},
    ),
    "sophia": Case(gl.sophia, references.sophia),
    "sophia, options": Case(
        gl.sophia,
        references.sophia,
        {"b1": 0.5, "b2": 0.7, "gamma": 0.5, "eps": 0.3, "weight_decay": 0.3, "limit": 0.5, "every": 3},
    ),
    "amsbound, options": Case(gl.amsbound, references.amsbound, {"final_rate": 0.01, "gamma": 0.1, "b2": 0.7}),
}


def decaying(step: int) -> float:
    return RATE * (0.9 * (1 + np.cos(np.pi * step / STEPS)) / 2 + 0.1)


def start_of(case: Case) -> np.ndarray:
    """0, where no digits are lost, unless parameters decay."""
    decays = case.recipe in (gl.adamw, gl.nadamw, gl.cautious_adamw, gl.lamb, gl.lars) or "weight_decay" in case.options
    return np.full(SIZE, 0.5 if decays else 0.0)


def reference_options(case: Case) -> dict[str, Any]:
    return {case.renamed.get(name, name): value for name, value in case.options.items()}


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("name", CASES)
def test_recipe_follows_its_reference(name: str, sequence: str) -> None:
    case = CASES[name]
    start = start_of(case)
    gradients = SEQUENCES[sequence]
    expected = references.trajectory(case.reference, start, gradients, learning_rate=RATE, **reference_options(case))
    assert_same_path(points(case.recipe(RATE, **case.options), jnp.asarray(start), jnp.asarray(gradients)), expected)


@pytest.mark.parametrize("sequence", ["dense", "small", "sparse"])
@pytest.mark.parametrize("name", CASES)
def test_recipe_follows_its_reference_under_a_decaying_rate(name: str, sequence: str) -> None:
    case = CASES[name]
    start = start_of(case)
    gradients = SEQUENCES[sequence]
    options = reference_options(case)
    if "bound" in name:
        options["initial_rate"] = RATE
    expected = references.trajectory(case.reference, start, gradients, learning_rate=decaying, **options)
    tx = case.recipe(DECAYING, **case.options)
    assert_same_path(points(tx, jnp.asarray(start), jnp.asarray(gradients)), expected)


@pytest.mark.parametrize("name", ["sgd, heavy ball", "adam", "adamw", "rmsprop, all", "nadam", "amsbound", "sign_sgd"])
def test_recipe_follows_its_reference_on_complex_leaves(name: str) -> None:
    case = CASES[name]
    start = np.full(SIZE, 0.5 + 0.2j)
    gradients = SEQUENCES["dense"] + 1j * SEQUENCES["sparse"]
    expected = references.trajectory(case.reference, start, gradients, learning_rate=RATE, **reference_options(case))
    got = points(case.recipe(RATE, **case.options), jnp.asarray(start), jnp.asarray(gradients))
    assert_same_path(got, expected, 1e-11)


@pytest.mark.parametrize("decay", ["b1", "b2"])
def test_adams_decays_may_be_scheduled(decay: str) -> None:
    # NumPy of its own: under a schedule 1 - b^t becomes one minus the product of the decays so far.
    values = {"b1": np.full(STEPS, 0.9), "b2": np.full(STEPS, 0.99)}
    values[decay] = np.linspace(0.3, 0.9, STEPS)
    m = v = np.zeros(SIZE)
    x, expected = np.zeros(SIZE), [np.zeros(SIZE)]
    for t, g in enumerate(SEQUENCES["dense"]):
        b1, b2 = values["b1"][t], values["b2"][t]
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - np.prod(values["b1"][: t + 1])), v / (1 - np.prod(values["b2"][: t + 1]))
        x = x - RATE * m_hat / (np.sqrt(v_hat) + 1e-8)
        expected.append(x)
    tx = gl.adam(RATE, b2=0.99).replace(**{decay: gl.schedules.linear(0.3, 0.9, STEPS - 1)})
    assert_same_path(points(tx, jnp.zeros(SIZE), jnp.asarray(SEQUENCES["dense"])), np.stack(expected))


def test_the_table_has_every_recipe() -> None:
    assert {case.recipe.__name__ for case in CASES.values()} == set(registry.of_kind("recipe"))


def test_the_table_tells_recipes_apart() -> None:
    """No two rows agree on all sequences, so that none could be swapped for another unnoticed."""
    runs = {}
    for name, case in CASES.items():
        start = np.full(SIZE, 0.5)
        runs[name] = np.stack(
            [
                references.trajectory(case.reference, start, g, learning_rate=RATE, **reference_options(case))
                for g in SEQUENCES.values()
            ]
        )
    names = list(runs)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(runs[one] - runs[other]).max() > 1e-6, f"{one} is the same as {other}"
