"""The mistake behind a wrong trajectory is named, for every mutant and for a user who makes the same mistake."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import assert_same_trajectory, check
from gradlab.testing.inputs.gradient_sequences import SEQUENCES
from gradlab.testing.inputs.trees import NETWORK
from gradlab.testing.mutants import MUTANTS, Mutant, list_known_differences
from gradlab.testing.mutants.right_versions import OPTIMIZERS, RIGHT
from gradlab.testing.subjects.double_precision_runs import are_same_points, compute_first_points
from gradlab.testing.verdicts.law import TRAJECTORY

pytestmark = pytest.mark.slow  # the gate runs these too

SMALL: dict[str, Any] = {"b": (3,), "a": (2, 2)}  # compiles in half the time that the network takes
ARITHMETIC = [mutant for mutant in MUTANTS.values() if mutant.law == TRAJECTORY]


def explain(mutant: Mutant, **options: Any) -> str:
    """The message about the trajectory of a mutant; empty if it is that of its reference."""
    assert mutant.reference is not None
    try:
        assert_same_trajectory(mutant.tx, mutant.reference, **options)
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mutant", ARITHMETIC, ids=lambda mutant: mutant.name)
def test_a_mistake_is_found_and_named(mutant: Mutant) -> None:
    text = explain(mutant, shapes=SMALL, long=0) if mutant.shows_on_a_vector else ""
    text = text or explain(mutant)
    assert text
    whose = "'s " if mutant.frameworks else f"It computes exactly what {mutant.of} does with this mistake: "
    if not mutant.shows_on_a_vector:
        assert "It computes exactly" not in text
        return
    sentence = text.rpartition("\n")[2]
    assert whose in sentence, sentence
    assert sentence.endswith(f": {mutant.mistake}."), sentence


@pytest.mark.parametrize(
    "mutant",
    {(m.of, tuple(m.hyperparameters.items())): m for m in ARITHMETIC}.values(),
    ids=lambda m: f"{m.of}, {dict(m.hyperparameters)}",
)
def test_the_right_version_passes(mutant: Mutant) -> None:
    assert mutant.reference is not None
    right = RIGHT[mutant.of](**mutant.hyperparameters)
    shapes = SMALL if mutant.shows_on_a_vector else NETWORK
    assert_same_trajectory(right, mutant.reference, shapes=shapes, long=0, **mutant.hyperparameters)


def _forms() -> list[tuple[str, dict[str, Any]]]:
    """The references with every combination of options that has known mistakes, at a learning rate other than 1."""
    forms: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in OPTIMIZERS]
    forms += [("sgd", {"momentum": 0.9, "dampening": 0.5}), ("sgd", {"momentum": 0.9, "nesterov": True})]
    forms += [("rmsprop", {"centered": True}), ("rmsprop", {"momentum": 0.9, "nesterov": True})]
    forms += [("adagrad", {"initial_accumulator": 1e-6}), ("adamax", {"eps": 1e-8})]
    return [(name, {"learning_rate": 0.02} | given) for name, given in forms]


@pytest.mark.parametrize(("reference", "given"), _forms(), ids=str)
def test_no_two_mistakes_have_the_same_trajectory(reference: str, given: dict[str, Any]) -> None:
    """None has the right trajectory, either. Each differs from each other at a constant or a decaying learning rate."""
    names = tuple(SEQUENCES)
    falling = given | {"learning_rate": gl.schedules.exponential(0.02, 1.0, 0.5)}
    points: dict[str, list[np.ndarray]] = {}
    for values in (given, falling):
        points.setdefault("the right one", []).append(
            compute_first_points(OPTIMIZERS[reference](**values), names, 120, 6)
        )
        for known in list_known_differences(reference, values):
            needed = MUTANTS[known.name].hyperparameters if known.name in MUTANTS else {}
            if any(name not in given for name in needed):
                continue  # a mistake in an option that is off here
            points.setdefault(str(known), []).append(compute_first_points(known.tx, names, 120, 6))
    for left, right in itertools.combinations(points, 2):
        assert not all(map(are_same_points, points[left], points[right])), f"{left} | {right}"


def careless_adam(learning_rate: float) -> optax.GradientTransformation:
    """An Adam as anyone might write it, without the correction of its second moment."""

    def init(params: Any) -> Any:
        return jnp.zeros((), jnp.int32), jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        count, mu, nu = state
        count = count + 1
        mu = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mu, updates)
        nu = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, nu, updates)
        scale = learning_rate / (1 - 0.9 ** count.astype(float))
        return jax.tree.map(lambda m, v: -scale * m / (jnp.sqrt(v) + 1e-8), mu, nu), (count, mu, nu)

    return optax.GradientTransformation(init, update)


UNCORRECTED = MUTANTS["adam_second_moment_uncorrected"].mistake


def test_the_mistake_of_a_strangers_optimizer_is_named() -> None:
    with pytest.raises(AssertionError, match=UNCORRECTED):
        assert_same_trajectory(careless_adam(0.01), "adam", learning_rate=0.01)


def test_the_report_names_it_too() -> None:
    with jax.numpy_dtype_promotion("standard"):  # it multiplies float32 by the default dtype
        report = check(careless_adam, learning_rate=0.01, reference="adam", laws=())
    assert UNCORRECTED in report["same trajectory"].detail


def test_a_mistake_that_nobody_knows_is_not_named() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_same_trajectory(gl.chain(gl.adam(0.01), gl.scale(0.7)), "adam", learning_rate=0.01)
    assert "with this mistake" not in str(caught.value)


def test_a_general_mistake_is_named_in_any_optimizer() -> None:
    @gl.transformation
    def late_adabound(learning_rate=1e-3):
        return gl.adabound(gl.schedules.shift(learning_rate, 1) if callable(learning_rate) else learning_rate)

    with pytest.raises(AssertionError, match="with a decaying learning rate") as caught:
        assert_same_trajectory(late_adabound(), "adabound")
    assert "the schedule of the learning rate starts at step 1" in str(caught.value)


def test_mistakes_fit_the_options() -> None:
    plain = {known.name for known in list_known_differences("sgd", {})}
    heavy = {known.name for known in list_known_differences("sgd", {"momentum": 0.9})}
    nesterov = {known.name for known in list_known_differences("sgd", {"momentum": 0.9, "nesterov": True})}
    assert "sgd_ascends" in plain
    assert "sgd_stale_momentum" in heavy - plain - nesterov
    assert "nesterov_looks_ahead_twice" in nesterov - plain - heavy


def test_mistakes_take_the_hyperparameters() -> None:
    mistakes = {known.name: known.tx for known in list_known_differences("adam", {"learning_rate": 0.5, "b1": 0.8})}
    assert mistakes["adam_swapped_decays"] == MUTANTS["adam_swapped_decays"].make(learning_rate=0.5, b1=0.8)


def test_an_unknown_reference_has_no_mistakes() -> None:
    assert list(list_known_differences("sophia", {})) == []
