"""A wrong trajectory is explained by a constant factor, a framework's convention, or a mistake, in bounded time."""

from __future__ import annotations

import signal
import time
from typing import Any

import jax
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.flavors import keras, torch
from gradlab.testing import check, references
from gradlab.testing.inputs.trees import VECTOR_AND_MATRIX
from gradlab.testing.mutants import MUTANTS, list_known_differences
from gradlab.testing.subjects.double_precision_runs import compute_points
from gradlab.testing.trajectories.mistake_identification import (
    Version,
    explain,
    find_constant_factor,
    find_known_difference,
)
from gradlab.testing.trajectories.search_limits import is_end
from gradlab.testing.trajectories.trajectory import assert_same_trajectory
from gradlab.user_code_time_limit import OutOfTimeError, limit_time

SEQUENCES = ("ordinary", "small")


def explain_difference(tx: Any, reference: str, **hyperparameters: Any) -> list[str]:
    version = Version(tx, hyperparameters, hyperparameters)
    return explain(getattr(references, reference), [version], SEQUENCES, 30, seconds=60.0)


def test_a_convention_says_whose_it_is() -> None:
    sentences = explain_difference(keras.adam(0.01), "adam", learning_rate=0.01, eps=1e-7)
    assert len(sentences) == 1
    assert sentences[0].startswith("It computes exactly what Keras's Adam does: eps is added before the correction")


def test_exchanged_arguments_are_named() -> None:
    values: Any = {"learning_rate": 0.01, "b1": 0.9, "b2": 0.99, "eps": 1e-6, "weight_decay": 0.01}
    right = gl.lamb(**values)
    assert explain_difference(right.replace(b1=0.99, b2=0.9), "lamb", **values) == [
        "It computes exactly what lamb does with b1 and b2 exchanged: look where each of the two is passed on, and "
        "pass them by name."
    ]
    assert explain_difference(right.replace(b1=0.99, b2=0.98), "lamb", **values) == []


@pytest.mark.parametrize(
    ("tx", "reference", "known", "sentence"),
    [
        (optax.adamw(0.01), "adamw", {}, "optax's AdamW does with the default weight_decay=0.0001. Give the"),
        (optax.adagrad(0.01), "adagrad", {}, "optax's Adagrad does with the defaults eps=1e-07 and initial_acc"),
        (torch.rmsprop(0.01), "rmsprop", {}, "PyTorch's RMSProp does with the default decay=0.99. Give the ref"),
        (optax.rmsprop(0.01, momentum=0.9), "rmsprop", {"momentum": 0.9}, "optax's RMSProp does: eps is added"),
        (torch.nadam(0.01), "nadam", {}, "PyTorch's Nadam does: the momentum of the look-ahead is b1 (1 - 0.96"),
        (keras.nadam(0.01, epsilon=1e-8), "nadam", {}, "Keras's Nadam does: the momentum of the look-ahead is"),
        (torch.adam(0.01, amsgrad=True), "amsgrad", {}, "PyTorch's AMSGrad does: the maximum is taken before"),
        (torch.sgd(0.01, 0.9, 0.5), "sgd", {"momentum": 0.9, "dampening": 0.5}, "PyTorch's SGD does: the first"),
    ],
    ids=["adamw", "adagrad", "rmsprop", "rmsprop with momentum", "nadam", "Keras's nadam", "amsgrad", "sgd"],
)
def test_the_conventions_and_defaults_of_frameworks_are_named(
    tx: Any, reference: str, known: dict[str, Any], sentence: str
) -> None:
    with jax.numpy_dtype_promotion("standard"):  # optax promotes
        (found,) = explain_difference(tx, reference, learning_rate=0.01, **known)
    assert sentence in found


def test_a_constant_factor_is_named_with_its_number() -> None:
    sentences = explain_difference(gl.chain(gl.adam(0.01), gl.scale(0.7)), "adam", learning_rate=0.01)
    assert sentences == ["Every update is 0.7 times the reference's; compare the learning rates."]


@pytest.mark.parametrize(
    ("factor", "sentence"),
    [
        (-1.0, "Every update is -1 times the reference's; compare the signs."),
        (-0.5, "Every update is -0.5 times the reference's; compare the signs and the learning rates."),
        (0.02, "Every update is 0.02 times the reference's; this is the learning rate, which may be applied twice."),
        (50.0, "Every update is 50 times the reference's; this is 1 / learning rate, which may not be applied."),
    ],
)
def test_a_factor_says_what_to_compare(factor: float, sentence: str) -> None:
    assert explain_difference(gl.chain(gl.sgd(0.02), gl.scale(factor)), "sgd", learning_rate=0.02)[0] == sentence


@pytest.mark.parametrize(("factor", "advice"), [(2.0, "learning rates"), (-1.0, "signs")])
def test_a_factor_is_named_also_where_weights_decay(factor: float, advice: str) -> None:
    values: Any = {"learning_rate": 0.1, "weight_decay": 0.3}
    tx = gl.chain(gl.adamw(**values), gl.scale(factor))
    sentence = f"Every update is {factor:g} times the reference's for the same parameters; compare the {advice}."
    assert explain_difference(tx, "adamw", **values)[0] == sentence
    assert explain_difference(gl.adamw(0.2, weight_decay=0.1), "adamw", **values) == []


def test_a_factor_that_a_mistake_explains_is_followed_by_the_mistake() -> None:
    first, second = explain_difference(
        gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_learning_rate(0.01)), "sgd", learning_rate=0.01, momentum=0.9
    )
    assert first == "Every update is 0.1 times the reference's; compare the learning rates."
    assert second.startswith("If those are equal: It computes exactly what sgd does with this mistake: momentum is a")


@pytest.mark.parametrize("tx", [gl.adam(0.01), gl.adam(0.01, b2=0.9), gl.sgd(0.0)], ids=str)
def test_other_gaps_have_no_factor(tx: Any) -> None:
    sums, expected = ([compute_points(one, SEQUENCES, 20)[0]] for one in (tx, gl.adam(0.01)))
    assert find_constant_factor(sums, expected) is None


def test_a_difference_that_a_vector_does_not_show_has_no_explanation() -> None:
    tx = gl.chain(gl.sgd(0.01, momentum=0.9), optax.stateless(lambda updates, _: updates))
    assert explain_difference(tx, "sgd", learning_rate=0.01, momentum=0.9) == []


def test_the_search_ends_when_its_time_is_spent() -> None:
    mutant = MUTANTS["adam_squared_twice"]
    points, settings = [compute_points(mutant.tx, SEQUENCES, 20)[0]], [dict[str, Any]()]
    found = find_known_difference(points, "adam", SEQUENCES, settings)
    assert found is not None
    assert found.name == "adam_squared_twice"
    with pytest.raises(OutOfTimeError):
        find_known_difference(points, "adam", SEQUENCES, settings, deadline=time.process_time())


def test_a_gap_is_reported_although_the_search_for_an_explanation_does_not_end(monkeypatch: Any) -> None:
    def wait(*_: Any) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0.05)  # the time that the law may take ends now
        while True:
            time.sleep(0.01)

    monkeypatch.setattr("gradlab.testing.trajectories.mistake_identification.visits", wait)

    def adam(learning_rate: float) -> Any:
        return gl.adam(learning_rate, b2=0.9).composition

    report = check(adam, learning_rate=0.01, reference="adam", laws=(), seconds_per_law=100.0)
    assert "not the trajectory of adam" in report["same trajectory"].detail
    assert "has ended unfinished, after 100 s; seconds_per_law=... of check, or" in report["same trajectory"].detail
    assert "The smallest input that shows it is" in report["same trajectory"].detail


def test_a_search_that_ends_at_its_limit_says_so_and_keeps_what_it_found() -> None:
    tx = MUTANTS["adam_squared_twice"].tx
    version = Version(gl.chain(tx, gl.scale(0.5)), {}, {})
    (sentence,) = explain(references.adam, [version], SEQUENCES, 30, seconds=0.0)
    assert sentence.startswith("The search for a known mistake with this trajectory has ended unfinished, after 0 s;")
    half = Version(gl.adam(0.005), {"learning_rate": 0.01}, {"learning_rate": 0.01})
    factor, end = explain(references.adam, [half], SEQUENCES, 30, seconds=0.0)
    assert factor.startswith("Every update is 0.5 times the reference's")
    assert is_end(end)


def test_the_search_has_the_time_of_the_law_however_much_of_it_was_spent(monkeypatch: Any) -> None:
    given: list[float] = []

    def remember(*_: Any) -> bool:
        given.append(signal.getitimer(signal.ITIMER_REAL)[0])
        return True

    monkeypatch.setattr("gradlab.testing.trajectories.mistake_identification.visits", remember)
    version = Version(gl.adam(0.01, b2=0.9), {"learning_rate": 0.01}, {"learning_rate": 0.01})
    with limit_time(40.0):
        signal.setitimer(signal.ITIMER_REAL, 5.0)  # what is left of it
        explain(references.adam, [version], SEQUENCES, 30)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 5.0
    assert given[0] > 100


def test_conventions_come_first() -> None:
    kinds = [bool(known.frameworks) for known in list_known_differences("rmsprop", {"momentum": 0.9})]
    assert 0 < kinds.count(True) < len(kinds)
    assert kinds == sorted(kinds, reverse=True)


def test_a_default_is_named_once_for_all_frameworks_that_have_it() -> None:
    texts = [str(known) for known in list_known_differences("adamax", {}) if known.defaults]
    assert any("PyTorch's and optax's AdaMax does with the default eps=1e-08" in text for text in texts)
    assert np.all([text.endswith(".") for text in texts])


@pytest.mark.parametrize("is_partial", [True, False])
def test_a_mistake_that_explains_some_leaves_only_is_not_named(is_partial: bool) -> None:
    mistaken = next(known.tx for known in list_known_differences("adam", {"learning_rate": 0.01}) if known.description)
    tx = gl.partition((gl.ndim(1), mistaken), default=gl.adam(0.01)) if is_partial else mistaken
    with pytest.raises(AssertionError) as caught:
        assert_same_trajectory(
            tx, "adam", learning_rate=0.01, steps=30, long=0, sequences=SEQUENCES, shapes=VECTOR_AND_MATRIX
        )
    assert ("It computes exactly" in str(caught.value)) != is_partial
