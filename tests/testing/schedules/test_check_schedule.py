"""Schedules of gradlab and optax keep the laws; schedules with a mistake of each kind break one, in clear words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.testing import check, check_schedule
from gradlab.testing.references.step_functions import StepFunctionError

WARMUP = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 20, "decay_steps": 200, "end_value": 0.01}


@pytest.mark.parametrize("name", registry.of_kind("schedule"))
def test_schedules_of_gradlab_agree_with_their_formulas(name: str) -> None:
    report = check_schedule(registry.of_kind("schedule")[name].example)
    assert report.ok, str(report)
    assert report["formula"].verdict == "holds"


@pytest.mark.parametrize(
    ("factory", "reference", "arguments", "claims"),
    [
        (
            optax.cosine_decay_schedule,
            "cosine",
            {"init_value": 0.1, "decay_steps": 200, "alpha": 0.1},
            {"monotone": "falling", "continuous": True, "start": 0.1, "end": (200, 0.01)},
        ),
        (optax.warmup_cosine_decay_schedule, "warmup_cosine", WARMUP, {"continuous": True, "end": (200, 0.01)}),
        (
            optax.exponential_decay,
            "exponential",
            {"init_value": 0.1, "transition_steps": 10, "decay_rate": 0.9, "staircase": True, "end_value": 0.01},
            {"monotone": "falling"},
        ),
        (optax.linear_schedule, "linear", {"init_value": 0.1, "end_value": 0.0, "transition_steps": 100}, {}),
        (optax.linear_onecycle_schedule, None, {"transition_steps": 100, "peak_value": 0.1}, {"continuous": True}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_schedules_of_optax_keep_the_laws(factory: Any, reference: Any, arguments: Any, claims: Any) -> None:
    with jax.numpy_dtype_promotion("standard"):
        report = check_schedule(factory, reference, claims=claims, **arguments)
    assert report.ok, str(report)


def test_schedules_that_were_made_already_are_compared_with_a_function_of_the_step() -> None:
    drops = optax.piecewise_constant_schedule(0.1, {10: 0.1, 50: 0.5})
    joined = optax.join_schedules([optax.linear_schedule(0.0, 0.1, 10), optax.cosine_decay_schedule(0.1, 90)], [10])

    def formula(t: int) -> float:
        return 0.1 * t / 10 if t < 10 else 0.05 * (1 + math.cos(math.pi * min(t - 10, 90) / 90))

    with jax.numpy_dtype_promotion("standard"):
        assert check_schedule(joined, formula).ok
        found = check_schedule(drops, lambda t: 0.1 * (0.1 if t > 10 else 1) * (0.5 if t > 50 else 1))
    assert "It counts from 1: its value at step t is that of the formula at step t + 1." in found["formula"].detail


def decay(peak: float = 0.1, total: int = 100, floor: float = 0.0) -> Callable[[Any], Any]:
    """A decay that ignores its length."""
    return lambda step: floor + (peak - floor) * (1 - jnp.clip(jnp.asarray(step, float) / 100, 0, 1))


def test_an_argument_that_is_ignored_is_found_with_and_without_a_formula() -> None:
    alone = check_schedule(decay)
    assert alone["every argument matters"].detail == "total=100 and total=50, 150 give the same values at all steps"
    assert [group.laws for group in alone.unexamined if "no formula is known" in group.reason] == [("formula",)]
    compared = check_schedule(decay, lambda t, peak, total, floor: floor + (peak - floor) * (1 - min(t / total, 1)))
    assert compared["formula"].detail.startswith("at step 1 with total=50 the value is 0.099; the formula")


def test_a_formula_of_the_step_alone_is_compared_at_the_given_values() -> None:
    result = check_schedule(gl.schedules.linear(0.1, 0.0, 100), lambda t: 0.1 * max(1 - t / 100, 0))["formula"]
    assert result.verdict == "holds"
    assert result.detail.startswith("other values of init_value, end_value, transition_steps, which the formula")


def test_a_function_of_the_step_with_options_is_a_schedule_too() -> None:
    def rate(step: Any, peak: float = 0.1) -> Any:
        return peak / jnp.sqrt(1 + jnp.asarray(step, float))

    assert check_schedule(rate).ok
    report = check(rate, reference=lambda t, peak: peak / math.sqrt(1 + t), peak=0.2)
    assert report.ok
    assert report["every argument matters"].verdict == "holds"


def test_a_schedule_is_recognized_by_check() -> None:
    report = check(gl.schedules.cosine, init_value=0.1, decay_steps=50, laws=("formula",))
    assert (report["formula"].verdict, report.subject) == ("holds", "cosine(init_value=0.1, decay_steps=50)")
    assert check(gl.schedules.cosine(0.1, 50), claims={"end": (50, 0.0)}, laws=())["end"].verdict == "holds"


@pytest.mark.parametrize("made", [gl.sgd(0.1), optax.sgd, lambda: gl.sgd(0.1), 3, "cosine", dict])
def test_what_is_no_schedule_is_refused(made: Any) -> None:
    with pytest.raises(TypeError, match="expected a schedule"):
        check_schedule(made)


def test_shapes_and_failures_are_reported_once() -> None:
    report = check_schedule(lambda step: jnp.full((1,), 0.1))
    assert [result.law for result in report.broken] == ["real scalar"]
    assert report["real scalar"].detail == "at step 0 it returns an array of shape (1,)"
    untraceable = check_schedule(lambda step: 0.1 * math.exp(-step / 100), lambda t: 0.1 * math.exp(-t / 100))
    assert [result.law for result in untraceable.broken] == ["traced alike"]
    assert "under jit it raises" in untraceable["traced alike"].detail


def test_what_grows_without_end_may_overflow() -> None:
    assert check_schedule(gl.schedules.exponential(0.1, 10, 1.5)).ok
    assert not check_schedule(lambda step: 0.1 / (10.0 - jnp.asarray(step, float))).ok  # infinite at step 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": "cosin"}, "did you mean cosine?"),
        ({"reference": "COSINE"}, "did you mean cosine?"),
        ({"reference": "mine:formula"}, "in Python import the function and pass it: reference=formula"),
        ({"reference": lambda t, foo: 0.1}, "missing a required argument: 'foo'"),
        ({"reference": lambda t: t.foo}, "fails at step 0: AttributeError"),
        ({"claims": {"end": 3}}, "the claim 'end' needs a pair of the step"),
        ({"claims": {"monotone": "down"}}, '"falling" or "rising"'),
        ({"claims": ("descends",)}, "unknown claim of schedules 'descends'"),
        ({"claims": {"except": ("pure",)}}, "unknown law in claims"),
        ({"laws": ("pure",)}, "unknown law of schedules 'pure'"),
    ],
)
def test_wrong_options_are_refused(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        check_schedule(gl.schedules.cosine(0.1, 100), **options)
    assert isinstance(error.value, StepFunctionError) == ("fails" in words or "missing" in words)


def test_an_excepted_law_is_not_examined() -> None:
    report = check_schedule(lambda step: 0.1 if step < 3 else 0.2, claims={"except": ("traced alike",)})
    assert report["traced alike"].verdict == "not applicable"
    assert report.ok


@pytest.mark.parametrize("claims", [{"monotone": "falling"}, {"monotone": "rising"}, {"continuous": True}], ids=str)
def test_a_value_that_is_nan_breaks_a_claim(claims: Any) -> None:
    report = check_schedule(lambda t: jnp.where(t == 20, jnp.nan, 0.1), claims=claims)
    result = report[next(iter(claims))]
    assert (result.verdict, "nan at step 20" in result.detail) == ("broken", True), result.detail
