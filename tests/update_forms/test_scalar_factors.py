"""Products of numbers in `in_few_passes`: an array is multiplied once by all of them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.update_forms import few_passes
from gradlab.update_forms.few_passes import in_few_passes

NUMBERS = jnp.asarray(np.random.default_rng(0).standard_normal((64, 6)))


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_passes, "LARGE", 2)


def count_products(function: Any, *arguments: Any) -> int:
    """Return how often an array is multiplied, outside of what is called."""
    program = jax.make_jaxpr(function)(*arguments)
    return sum(step.primitive.name == "mul" and step.outvars[0].aval.shape != () for step in program.jaxpr.eqns)


def test_numbers_in_a_row_are_one_number() -> None:
    def function(gradient: Any, state: Any, params: Any) -> Any:
        mean, rate = state
        quotient = gradient / (3 + mean)  # of which two results need one each
        size = jnp.sum(gradient)
        return -0.1 * (size * (rate * quotient)), (0.9 * mean + 0.1 * quotient, rate), params

    arguments = NUMBERS, (NUMBERS + 1, jnp.asarray(0.5)), NUMBERS
    form = in_few_passes(lambda *given: function(*given)[:2])
    assert count_products(form, *arguments) == 3
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-14),
        jax.jit(form)(*arguments),
        function(*arguments)[:2],
    )


def test_a_product_that_is_read_twice_stays() -> None:
    def function(gradient: Any, state: Any) -> Any:
        size = jnp.sum(gradient / (3 + state))
        scaled = size * (gradient / (3 + state))
        return 2.0 * scaled + jnp.sin(scaled), state

    assert count_products(in_few_passes(function), NUMBERS, NUMBERS) == 2
    found, expected = jax.jit(in_few_passes(function))(NUMBERS, NUMBERS), function(NUMBERS, NUMBERS)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
