"""A trajectory that is right at the given values, and wrong at others."""

from __future__ import annotations

from typing import Any

import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import check
from gradlab.testing.check import _make_subject
from gradlab.testing.trajectories.trajectory import TOLERANCE, find_reference
from gradlab.testing.trajectories.trajectory_at_settings import find_difference_at_settings
from gradlab.testing.verdicts.law import TRAJECTORY_ON_COMPLEX, TRAJECTORY_ON_SCHEDULE

LAW = "same trajectory at other values"
OPTIONS: Any = {
    "laws": (),
    "dtypes": ("float32",),
    "claims": {"except": (TRAJECTORY_ON_SCHEDULE, TRAJECTORY_ON_COMPLEX)},
    "seconds_per_law": 200.0,
}


def find(tx: Any, reference: str, **arguments: Any) -> str:
    """The first difference at other values, as text; "None" if there is none."""
    subject = _make_subject(tx, arguments, "it", ("float32",), {}, {})
    found = find_difference_at_settings(subject, find_reference(reference), TOLERANCE)
    return str(found and found[1])


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
    assert text in find(wrong_in(**wrong), "adam")


def test_a_right_plain_function_moves_as_the_reference() -> None:
    assert find(wrong_in(), "adam") == "None"


def test_a_wrong_option_of_a_value_is_named_alone() -> None:
    @gl.transformation
    def adam(learning_rate=1e-3, b1: gl.Decay = 0.9, eps_root: gl.NonNegative | None = None, nesterov: bool = False):
        return gl.adam(learning_rate, b1, eps_root=eps_root)

    text = find(adam(), "adam")
    assert "with nesterov=True instead of False, at step" in text
    assert "eps_root=" not in text


def test_numbers_of_a_value_are_compared_too() -> None:
    @gl.transformation
    def adam(learning_rate=1e-3, b1: gl.Decay = 0.9, b2: gl.Decay = 0.999, eps=1e-8):
        return gl.adam(learning_rate, b1, 0.999, eps)

    assert "with b2=0.530719 instead of 0.999, at step" in find(adam(), "adam")


@pytest.mark.parametrize("name", registry.of_kind("recipe"))
def test_recipes_move_as_their_references_at_all_settings(name: str) -> None:
    assert find(registry.entries()[name].example, name) == "None"


def test_a_schedule_is_kept_while_other_arguments_change() -> None:
    falling = gl.schedules.exponential(0.1, 1.0, 0.5)
    assert find(gl.sgd(falling, momentum=0.9), "sgd") == "None"


def _momenta(g, state, t, x, *, learning_rate, b1, b2):
    m = b1 * state.get("m", 0) + (1 - b1) * g
    n = b2 * state.get("n", 0) + (1 - b2) * m
    return -learning_rate * (m + n), {"m": m, "n": n}


def test_exchanged_arguments_that_are_equal_by_default_are_named() -> None:
    @gl.recipe
    def exchanged(learning_rate: gl.NonNegative = 0.1, b1: gl.Decay = 0.9, b2: gl.Decay = 0.9):
        links = gl.scale_by_momentum(b2), gl.add(gl.chain(), gl.scale_by_momentum(b1))
        return gl.chain(*links, gl.scale_by_learning_rate(learning_rate))

    report = check(exchanged, reference=_momenta, **OPTIONS)
    assert report["same trajectory"].verdict == "holds"
    assert "It computes exactly what _momenta does with b1 and b2 exchanged: look" in report[LAW].detail


def test_values_that_are_refused_are_not_compared() -> None:
    def sgd(learning_rate: float = 0.1, momentum: float = 0.0) -> Any:
        if momentum:
            raise ValueError("no momentum yet")
        return gl.sgd(learning_rate)

    report = check(sgd, reference="sgd", **OPTIONS)
    text = "the factory refuses other values of momentum than 0, such as 0.884375: ValueError: no momentum yet"
    assert report[LAW].verdict == "holds"
    assert report[LAW].detail == f"not compared at other values: {text}"
    assert f"{LAW} (in part)" in [law for group in report.unexamined for law in group.laws]
    assert f"{LAW} (in part): not compared" in report.to_text(200)

    def fixed(learning_rate: float = 0.1) -> Any:
        assert learning_rate == 0.1
        return gl.sgd(learning_rate)

    assert check(fixed, reference="sgd", **OPTIONS)[LAW].detail.startswith("no argument could be compared")


def _heavy_ball_at_one_momentum(g, state, t, x, *, learning_rate):
    m = 0.9 * state.get("m", 0) + g
    return -learning_rate * m, {"m": m}


def test_arguments_that_the_reference_has_not_are_named_as_not_varied() -> None:
    def sgd(learning_rate: float = 0.1, momentum: float = 0.9, damping: float = 0.0) -> Any:
        return gl.sgd(learning_rate, 10 * momentum**2 / 9)  # wrong elsewhere

    report = check(sgd, reference=_heavy_ball_at_one_momentum, **OPTIONS)
    reason = "momentum and damping were not varied, because the reference has no such arguments"
    assert report[LAW].verdict == "holds"
    assert report.holds_in_part(report[LAW])
    assert report[LAW].statement.endswith("does at other values of learning_rate")
    assert report[LAW].detail == reason
    assert f"{LAW} (in part): {reason}" in report.to_text(200)
    complete = check(gl.sgd(0.1, 0.5), reference="sgd", **OPTIONS)[LAW]
    assert "at other values of learning_rate, momentum" in complete.statement
    assert not complete.detail


def test_a_wrong_trajectory_is_told_once() -> None:
    def sgd(lr: float = 0.1, beta: float = 0.9) -> Any:
        return gl.sgd(2 * lr, beta)

    options: Any = {**OPTIONS, "reference": "sgd"}
    report = check(sgd, **options)
    assert [result.verdict for result in report.results[:2]] == ["broken", "not applicable"]
    assert report[LAW].detail == "it does not move as the reference at the values that were given; mend that first"
    values = "Compared at learning_rate=0.1 (the optimizer calls it lr), momentum=0.9 (the optimizer calls it beta)."
    assert values in report["same trajectory"].detail
    assert [result.verdict for result in check(sgd, lr=0.0, **options).results[:2]] == ["holds", "broken"]


def test_without_a_common_argument_nothing_is_compared() -> None:
    options: Any = {"laws": (), "dtypes": ("float32",)}
    report = check(gl.chain(gl.sgd(0.1)), reference="sign_sgd", **options)
    assert "the reference sign_sgd needs learning_rate" in report["same trajectory"].detail
    assert report[LAW].verdict == "not applicable"
