"""Other values for the arguments of a transformation: sensible, distinct, and within the declared ranges."""

from __future__ import annotations

import itertools
from typing import Any

import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing.check import _make_subject
from gradlab.testing.subjects.settings import (
    UNCHANGED,
    change,
    change_all,
    list_arguments,
    make,
    propose_values,
    replace_part,
)
from gradlab.testing.subjects.subject import Subject

EXAMPLES = {
    name: entry.example
    for name, entry in registry.entries().items()
    if entry.kind not in ("schedule", "selector") and name != "master_params"  # its bits are 24 or 32 and nothing else
}


def subject_of(tx: Any, **arguments: Any) -> Subject:
    return _make_subject(tx, arguments, "it", ("float32",), {}, {})


def plain(
    learning_rate: Any = 1e-3,
    betas: Any = (0.9, 0.999),
    eps: float = 1e-8,
    momentum: float | None = None,
    every_k: int = 1,
    nesterov: bool = False,
    seed: int = 0,
    mask: Any = None,
    name: str = "plain",
) -> optax.GradientTransformation:
    plain.calls.append(locals())  # type: ignore[attr-defined]
    return optax.identity()


plain.calls = []  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", EXAMPLES)
def test_other_values_of_gradlab_are_in_range_distinct_and_accepted(name: str) -> None:
    subject = subject_of(EXAMPLES[name])
    arguments = list_arguments(subject)
    for argument in arguments:
        assert len(argument.others) == (1 if isinstance(argument.value, bool) else 2), argument
        assert len({argument.value, *argument.others}) == len(argument.others) + 1
        for other in argument.others:
            needed = [a for a in arguments if a.name == "momentum" and argument.name == "nesterov"]
            setting = change((argument, other), *((a, a.others[0]) for a in needed))
            assert make(subject, setting).arguments[argument.name] == other


@pytest.mark.parametrize("name", [name for name in EXAMPLES if list_arguments(subject_of(EXAMPLES[name]))])
def test_no_two_arguments_get_the_same_number(name: str) -> None:
    arguments = list_arguments(subject_of(EXAMPLES[name]))
    numbers = [other for a in arguments for other in a.others if not isinstance(other, bool)]
    assert len(numbers) == len(set(numbers))


def test_the_arguments_of_a_plain_factory() -> None:
    arguments = {a.name: a for a in list_arguments(subject_of(plain, eps=1e-6))}
    assert list(arguments) == [
        *("learning_rate", "betas[0]", "betas[1]", "eps", "momentum", "every_k", "nesterov"),
    ]
    assert arguments["eps"].value == 1e-6
    assert all(0 < other < 1 for name in ("betas[0]", "betas[1]", "momentum") for other in arguments[name].others)
    assert arguments["every_k"].others == (2, 3)
    assert arguments["nesterov"].others == (True,)


def test_a_factory_is_called_with_the_changed_values_only() -> None:
    subject = subject_of(plain, eps=1e-6)
    by_name = {a.name: a for a in list_arguments(subject)}
    make(subject, change((by_name["betas[1]"], 0.5), (by_name["every_k"], 3)))
    call = plain.calls[-1]  # type: ignore[attr-defined]
    assert (call["betas"], call["every_k"], call["eps"], call["nesterov"]) == ((0.9, 0.5), 3, 1e-6, False)


def test_every_argument_changes_at_once() -> None:
    arguments = list_arguments(subject_of(gl.rmsprop()))
    setting = change_all(arguments)
    assert list(setting.changes) == [a.name for a in arguments]
    changed = make(subject_of(gl.rmsprop()), setting).arguments
    assert all(changed[a.name] != a.value for a in arguments)


def test_a_setting_says_what_changed() -> None:
    b1, b2 = list_arguments(subject_of(gl.adam()))[1:3]
    assert str(change((b1, 0.5), (b2, 0.25))) == "with b1=0.5 instead of 0.9, b2=0.25 instead of 0.999"
    assert str(UNCHANGED) == "as it was given"


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("b1", 0.0, 0, 1),
        ("b1", 0.999, 0, 1),
        ("momentum", None, 0, 1),
        ("eps", 0.0, 1e-9, 1e-2),
        ("eps", 1e-30, 1e-9, 1e-2),
        ("eps", 1e-3, 1e-5, 1e-2),
        ("weight_decay", 0.0, 1e-3, 0.3),
        ("learning_rate", None, 1e-4, 1e-1),
        ("max_norm", float("inf"), 1e-3, 10),
        ("coefficients[1]", -4.775, -5.5, -4),
    ],
)
def test_values_suit_the_kind_of_argument(name: str, value: Any, low: float, high: float) -> None:
    for index in range(20):
        others = propose_values(name, value, index)
        assert len(others) == 2
        assert all(low < other < high for other in others), others


def test_integers_stay_integers_and_equal_arguments_get_different_values() -> None:
    assert propose_values("warmup_steps", 1000) == (2, 500)
    assert propose_values("power", 0) == (1, 2)
    assert propose_values("axis_size", -1) == ()
    proposals = [propose_values("decay", 0.9, index) for index in range(16)]
    assert len(set(itertools.chain(*proposals))) == 32


def test_an_element_is_replaced() -> None:
    assert replace_part({"betas": [0.9, (1, 2)], "eps": 3}, "betas[1][0]", 5) == {"betas": [0.9, (5, 2)], "eps": 3}


def test_a_pair_has_no_known_arguments() -> None:
    assert list_arguments(subject_of(optax.adam(1e-3))) == []
    assert list_arguments(subject_of(gl.chain(gl.scale(2.0)))) == []
