"""Schedules as hyperparameters: every one may be one, and is read at steps from zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import registry
from gradlab.values.numeric_arguments import is_schedule
from tests.values.numeric_arguments.updates import CONSTANT, update_of

RECIPES = registry.of_kind("recipe")


@pytest.mark.parametrize(
    "rate",
    [
        gl.schedules.linear(1.0, 0.0, 4),
        lambda step: 1.0 - step / 4,
        lambda step: jnp.asarray(1.0 - step / 4, jnp.float32),
        optax.linear_schedule(1.0, 0.0, 4),
        1.0 - gl.schedules.linear(0.0, 1.0, 4),
    ],
)
def test_a_schedule_is_read_at_steps_from_zero(rate: Any) -> None:
    gradient, state = jnp.ones(2), gl.sgd(rate).init(jnp.ones(2))
    rates = []
    for _ in range(5):
        with jax.numpy_dtype_promotion("standard"):  # for optax's, and for the bare ones
            updates, state = gl.sgd(rate).update(gradient, state)
        assert updates.dtype == jnp.float64
        rates.append(float(-updates[0]))
    np.testing.assert_allclose(rates, [1.0, 0.75, 0.5, 0.25, 0.0], atol=1e-7)


def test_a_bare_function_gets_an_integer_step() -> None:
    seen = []

    def rate(step: Any) -> float:
        seen.append((jnp.shape(step), jnp.issubdtype(jnp.asarray(step).dtype, jnp.integer)))
        return 0.1

    for tx in (gl.sgd(rate), gl.scale_by_learning_rate(rate), gl.adabound(rate), gl.nadam(0.1, b1=rate)):
        update_of(tx, jnp.ones(2))
    assert set(seen) == {((), True)}


@pytest.mark.parametrize("name", RECIPES)
def test_hyperparameters_of_every_recipe_may_be_schedules_beside_numbers(
    name: str, rollout: Callable[..., Any]
) -> None:
    """The law "schedulable" gives all of them schedules at once, and leaves out the options that are off."""
    example = RECIPES[name].example
    parameters = example.factory.parameters.items()
    ranged = [name for name, parameter in parameters if parameter.range is not None and not parameter.range.integer]
    numbers = [name for name in ranged if example.arguments[name] is not None]
    options = [(example.replace(**{name: 0.5}), [name]) for name in ranged if name not in numbers]
    gradients = np.array([[1.0, -2.0, 0.3], [0.5, 3.0, 0.0], [-1.0, 0.1, 0.2]])
    for optimizer, names in [(example, numbers[::2]), (example, numbers[1::2]), *options]:
        scheduled = optimizer.replace(**{name: CONSTANT(optimizer.arguments[name]) for name in names})
        expected = rollout(optimizer, gradients)
        np.testing.assert_allclose(rollout(scheduled, gradients), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "reads"),
    [
        (lambda value: gl.scale_by_momentum(value), lambda m, g, v: (m := v * m + (1 - v) * g, m)),
        (lambda value: gl.scale(value), lambda m, g, v: (m, v * g)),
        (lambda value: gl.clip_by_value(value), lambda m, g, v: (m, np.clip(g, -v, v))),
    ],
)
def test_a_link_reads_its_schedule_anew_at_each_step(
    make: Callable[..., Any], reads: Callable[..., Any], rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    values = [0.9, 0.1, 0.5, 0.3]
    gradients = rng.standard_normal((4, 3))
    tx = make(gl.schedules.join(tuple(values), (1, 2, 3)))
    moment, expected = np.zeros(3), []
    for gradient, value in zip(gradients, values):
        moment, result = reads(moment, gradient, value)
        expected.append(result)
    np.testing.assert_allclose(rollout(tx, gradients), expected, rtol=1e-14)


def test_is_schedule() -> None:
    assert is_schedule(gl.schedules.constant(1.0))
    assert is_schedule(lambda step: 1.0)
    assert not is_schedule(1.0)
    assert not is_schedule(jnp.ones(2))
    assert not is_schedule(gl.scale(1.0))
    assert not is_schedule(optax.scale(1.0))
    assert not is_schedule(None)
