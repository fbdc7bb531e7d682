"""A trajectory that is right at the given values, and wrong at others."""

from __future__ import annotations

from typing import Any

import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import Report, check

LAW = "same trajectory at other values"


def report_on(tx: Any, reference: Any, **arguments: Any) -> Report:
    return check(tx, laws=(), dtypes=("float32",), reference=reference, **arguments)


def wrong_in(**wrong: Any) -> Any:
    """An Adam of a plain function with these values instead of those that it is given, where they differ."""

    def adam(lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, nesterov: bool = False) -> Any:
        values = {"learning_rate": lr, "b1": betas[0], "b2": betas[1], "eps": eps, "nesterov": nesterov} | wrong
        return gl.adam(**values)

    return adam


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"b1": 0.9}, "with betas[0]=0.464062 instead of 0.9, at step 1"),
        ({"eps": 1e-8}, "with eps=0.00109375 instead of 1e-08, at step 0"),
        ({"nesterov": False}, "with nesterov=True instead of False, at step"),
    ],
)
def test_an_argument_that_is_replaced_by_a_constant_is_named(wrong: Any, text: str) -> None:
    report = report_on(wrong_in(**wrong), "adam")
    assert report["same trajectory"].verdict == "holds"
    assert report[LAW].verdict == "broken"
    assert text in report[LAW].detail
    assert "(the optimizer calls it betas[0])" in report["same trajectory"].detail


def test_a_wrong_option_of_a_value_is_named_alone() -> None:
    @gl.transformation
    def adam(learning_rate=1e-3, b1: gl.Decay = 0.9, eps_root: gl.NonNegative | None = None, nesterov: bool = False):
        return gl.adam(learning_rate, b1, eps_root=eps_root)

    result = report_on(adam(), "adam")[LAW]
    assert result.verdict == "broken"
    assert "with nesterov=True instead of False, at step" in result.detail
    assert "eps_root=" not in result.detail


def test_numbers_of_a_value_are_compared_too() -> None:
    @gl.transformation
    def adam(learning_rate=1e-3, b1: gl.Decay = 0.9, b2: gl.Decay = 0.999, eps=1e-8):
        return gl.adam(learning_rate, b1, 0.999, eps)

    result = report_on(adam(), "adam")[LAW]
    assert (result.verdict, "with b2=0.530719 instead of 0.999" in result.detail) == ("broken", True)


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_recipes_move_as_their_references_at_all_settings(name: str) -> None:
    from gradlab.testing.check import _make_subject
    from gradlab.testing.trajectory import find_reference
    from gradlab.testing.trajectory_at_settings import find_difference_at_settings

    subject = _make_subject(registry.entries()[name].example, {}, name, ("float32",), {}, {})
    assert find_difference_at_settings(subject, find_reference(name), 1e-11) is None


def test_a_wrong_trajectory_is_told_once() -> None:
    report = report_on(wrong_in(learning_rate=0.5), "adam")
    assert [result.verdict for result in report.results] == ["broken", "not applicable"]
    assert report[LAW].detail == "it does not move as the reference at the values that were given either"
    assert "Compared at learning_rate=0.001 (the optimizer calls it lr)" in report["same trajectory"].detail


def test_the_reference_gets_the_defaults_of_the_subject() -> None:
    def adamw(learning_rate: float = 1e-3, weight_decay: float = 1e-4) -> Any:
        return gl.adamw(learning_rate, weight_decay=weight_decay)

    assert [result.verdict for result in report_on(adamw, "adamw").results] == ["holds", "holds"]


def test_without_a_common_argument_nothing_is_compared() -> None:
    report = report_on(gl.adam(1e-3).composition, "adam")
    assert report[LAW].verdict == "not applicable"
    report = report_on(gl.chain(gl.sgd(0.1)), "sign_sgd")
    assert "the reference sign_sgd needs learning_rate" in report["same trajectory"].detail
