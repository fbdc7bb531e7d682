"""A recipe of one's own expands to its links, and hands schedules on to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.core.base.links import apply


@gl.transformation
def half_adam(learning_rate: gl.NonNegative = 0.1):
    """A user's recipe."""
    return gl.chain(gl.adam(learning_rate), gl.scale(0.5))


def test_a_users_recipe_expands_to_its_links() -> None:
    tx = half_adam(0.2)
    assert tx.composition == gl.chain(gl.adam(0.2), gl.scale(0.5))
    assert tx.links == (*gl.adam(0.2).links, gl.scale(0.5))
    assert gl.chain(tx).links == tx.links
    assert half_adam(0.2).splits_gradient
    np.testing.assert_allclose(apply(tx, jnp.ones(2)), [-0.1, -0.1], rtol=1e-7)


def test_a_users_recipe_hands_schedules_on(rollout: Callable[..., Any]) -> None:
    rate = gl.schedules.linear(0.2, 0.0, 4)
    tx = half_adam(rate)
    assert str(tx).endswith("scale(factor=0.5),\n)")
    np.testing.assert_allclose(rollout(tx, np.ones((3, 1)))[:, 0], [-0.1, -0.075, -0.05], rtol=1e-7)


def test_recipes_of_recipes_run_each_factory_a_few_times_only() -> None:
    calls: list[int] = []

    def wrapped(inner: Any, depth: int) -> Any:
        @gl.transformation(name=f"wrapped{depth}")
        def recipe(factor=1.0):
            calls.append(depth)
            return gl.chain(inner, gl.scale(factor))

        return recipe(2.0)

    tx = gl.scale(1.0)
    for depth in range(8):
        tx = wrapped(tx, depth)
    np.testing.assert_array_equal(apply(tx, jnp.ones(2)), [256.0, 256.0])
    assert len(calls) <= 8 * 8, f"{len(calls)} calls"


def test_the_composition_of_a_link_is_the_link() -> None:
    link = gl.scale(2.0)
    assert link.composition is link
    assert link.links == (link,)
    assert gl.scale_by_rss(1.0).composition == gl.scale_by_rms(gl.running_sum(1.0), 1e-10)
    assert gl.chain(link).links == (link,)


def test_a_recipe_hands_schedules_on_whether_it_is_declared_or_not() -> None:
    def compose(rate: gl.Positive):
        return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_learning_rate(rate))

    schedule = gl.schedules.linear(0.1, 0.0, 10)
    declared, undeclared = gl.recipe(compose)(schedule), gl.transformation(compose)(schedule)
    assert declared.composition == undeclared.composition == compose(schedule)
    assert declared.links[1].learning_rate == schedule


def test_a_recipe_that_returns_a_pair_is_refused() -> None:
    @gl.recipe
    def pair(rate: gl.Positive = 0.1):
        return optax.scale(-rate)

    with pytest.raises(TypeError, match=r"pair is declared as a recipe.*Decorate it with @gl\.transformation"):
        pair()


def test_an_error_in_a_factory_is_not_hidden_by_a_schedule() -> None:
    @gl.transformation
    def broken(rate: gl.Positive = 0.1):
        raise KeyError("mine")

    for rate in (0.1, gl.schedules.linear(0.1, 0.0, 10)):
        with pytest.raises(KeyError, match="mine"):
            broken(rate)
