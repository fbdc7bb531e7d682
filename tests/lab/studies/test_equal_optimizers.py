"""An optimizer that is the same at all learning rates is named before it runs."""

from __future__ import annotations

from typing import Any

import optax

import gradlab as gl
from gradlab.lab._studies.race import make_race


def forgotten(learning_rate: float = 1e-3) -> gl.Transformation:
    """Its runs diverge at the first update, so that they show nothing."""
    return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.999, 1e-8), gl.bias_correction(0.9))


def used(learning_rate: float = 1e-3) -> gl.Transformation:
    return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_learning_rate(learning_rate))


def of_optax(learning_rate: float = 1e-3) -> optax.GradientTransformation:
    return optax.chain(optax.trace(0.9), optax.scale(-learning_rate))


def failing(learning_rate: float = 1e-3) -> gl.Transformation:
    raise RuntimeError("it is broken")


def warnings_of(*optimizers: Any, rates: int = 3) -> list[str]:
    return make_race(["ravine", "quadratic"], list(optimizers), rates, 2).warnings


def test_it_is_named_once_with_the_remedy() -> None:
    assert warnings_of("adam", used, of_optax, forgotten) == [
        "forgotten is the same at all learning rates, because it does not use its learning rate; multiply the step by "
        "it, in a chain of gradlab by the link gl.scale_by_learning_rate(learning_rate)"
    ]


def test_one_rate_and_a_factory_that_fails_say_nothing() -> None:
    assert warnings_of(forgotten, rates=1) == []
    assert warnings_of(failing) == []
