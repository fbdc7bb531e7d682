"""With a schedule for its learning rate, a factory must move as its reference does, for thousands of steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.testing import check
from gradlab.testing.verdicts.law import TRAJECTORIES, TRAJECTORY_ON_SCHEDULE

OTHERS = tuple(law for law in TRAJECTORIES if law != TRAJECTORY_ON_SCHEDULE)


def examine(factory: Any, reference: str, **arguments: Any) -> tuple[str, str]:
    """The verdict on this law alone."""
    options: Any = {"laws": (), "reference": reference, "claims": {"except": OTHERS}}
    with jax.numpy_dtype_promotion("standard"):
        result = check(factory, **options, **arguments)[TRAJECTORY_ON_SCHEDULE]
    return result.verdict, result.detail


@pytest.mark.parametrize(
    ("factory", "reference"), [(gl.sgd, "sgd"), (optax.sgd, "sgd"), (optax.adam, "adam")], ids=["gl", "sgd", "adam"]
)
def test_right_factories_hold(factory: Any, reference: str) -> None:
    assert examine(factory, reference, learning_rate=1e-2) == ("holds", "")


def wrong(change: Any) -> Any:
    def factory(learning_rate: Any = 1e-3) -> Any:
        rate = (lambda step: learning_rate(change(step))) if callable(learning_rate) else learning_rate
        return optax.sgd(rate)

    return factory


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda step: step + 1, "the schedule starts at step 1 instead of step 0"),
        (lambda step: jnp.maximum(step - 1, 0), "the rate is that of the step before"),
        (lambda step: 0, "the schedule stays at its first value"),
        (lambda step: step // 2, "not advance each step, but each second one"),
        (lambda step: jnp.minimum(step, 2048), "with a schedule, at step 20"),
        (lambda step: step - jnp.where(step > 2000, 300, 0), "with a schedule, at step 20"),
    ],
    ids=["from one", "lags", "frozen", "half", "stops", "ends late"],
)
def test_wrong_schedules_are_named(change: Any, words: str) -> None:
    word, detail = examine(wrong(change), "sgd")
    assert word == "broken"
    assert words in detail


def test_the_rate_may_enter_the_momentum_or_multiply_it() -> None:
    nesterov = {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": True}
    word, unexamined = examine(optax.sgd, "sgd", **nesterov)
    assert (word, "the rate multiplies the momentum, a published form" in unexamined) == ("holds", True)

    def keras(learning_rate: Any = 1e-2, momentum: float = 0.9) -> Any:
        return optax.chain(optax.scale_by_learning_rate(learning_rate), optax.trace(momentum))

    word, unexamined = examine(keras, "sgd")
    assert (word, "the rate enters the momentum" in unexamined) == ("holds", True)


def test_a_factory_without_schedules_is_no_fault() -> None:
    def factory(learning_rate: float = 1e-2) -> Any:
        return optax.sgd(float(learning_rate))

    word, reason = examine(factory, "sgd")
    assert word == "not applicable"
    assert reason.startswith("it takes no schedule for learning_rate: with one, it raises TypeError")
    word, reason = examine(gl.sgd, "sgd", learning_rate=gl.schedules.cosine(0.1, 100))
    assert (word, "no learning rate is known that is a number" in reason) == ("not applicable", True)
