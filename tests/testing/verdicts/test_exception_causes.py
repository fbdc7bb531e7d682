"""An exception of JAX is explained by its cause, and not by the law that happened to be examined."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gradlab.testing import check


def numpy_sign(learning_rate: float = 0.1) -> Any:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: -learning_rate * np.sign(g), updates), state

    return optax.GradientTransformation(lambda params: (), update)


def branch(learning_rate: float = 0.1) -> Any:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: -learning_rate * g if jnp.sum(g) > 0 else g, updates), state

    return optax.GradientTransformation(lambda params: (), update)


def leak(learning_rate: float = 0.1) -> Any:
    kept: list[Any] = []

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        kept.append(jnp.sum(jax.tree.leaves(updates)[0]))
        return jax.tree.map(lambda g: -learning_rate * g * kept[0], updates), state

    return optax.GradientTransformation(lambda params: (), update)


@pytest.mark.parametrize(
    ("factory", "law", "cause"),
    [
        (numpy_sign, "stable updates", "NumPy computes with a value that JAX traces"),
        (branch, "stable updates", "Python control flow depends on a value that JAX traces"),
        (leak, "jit equals eager", "A result of one call is kept outside of the state"),
    ],
)
def test_the_cause_is_that_of_the_exception(factory: Any, law: str, cause: str) -> None:
    result = check(factory, laws=(law,), dtypes=("float32",))[law]
    assert result.verdict == "broken"
    assert result.meaning.startswith(cause)


def test_a_factory_that_raises_is_shown_by_its_line_and_not_by_a_guess() -> None:
    def factory(learning_rate: float = 0.1) -> Any:
        raise ValueError("decay must be below 1")

    (result,) = check(factory).results
    assert (result.law, result.meaning) == ("made", "")
    assert "decay must be below 1 (at tests/testing/verdicts/test_exception_causes.py:" in result.detail
