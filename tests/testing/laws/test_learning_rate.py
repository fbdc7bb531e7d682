"""A learning rate that is forgotten, and those that only seem to be."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.testing import check

LAW = "every argument matters"


def forgotten(learning_rate: float = 1e-3) -> gl.Transformation:
    """Adam without its last link."""
    return gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.999, 1e-8), gl.bias_correction(0.9))


def switched_on(learning_rate: float = 0.1, by_size: bool = False) -> optax.GradientTransformation:
    """A method whose learning rate matters only with another argument."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        rate = learning_rate if by_size else 1.0
        return jax.tree.map(lambda g: (-rate * jnp.sign(g)).astype(g.dtype), updates), state

    return optax.GradientTransformation(lambda params: (), update)


def called_back(learning_rate: float = 0.1) -> optax.GradientTransformation:
    """A method whose arithmetic is a function of NumPy, which a traced program does not show."""

    def scale(g: Any) -> Any:
        return np.asarray(-learning_rate * g, g.dtype)

    def one(g: Any) -> Any:
        return jax.pure_callback(scale, jax.ShapeDtypeStruct(g.shape, g.dtype), g)

    return optax.GradientTransformation(lambda params: (), lambda u, s, p=None: (jax.tree.map(one, u), s))


def worded(learning_rate: float = 0.1, mode: str = "fixed") -> optax.GradientTransformation:
    """A method whose learning rate a word switches off."""
    return optax.scale(-0.1 if mode == "fixed" else -learning_rate)


def test_a_quick_look_finds_a_forgotten_learning_rate() -> None:
    result = check(forgotten, quick=True)[LAW]
    assert result.verdict == "broken"
    assert result.detail.startswith("learning_rate changes nothing: with ")
    assert " instead of 0.001, a step is exactly the same program" in result.detail
    assert result.meaning.endswith("add the link gl.scale_by_learning_rate(learning_rate) at the end.")


@pytest.mark.parametrize("factory", [switched_on, called_back, gl.adam, gl.dog, optax.sgd])
def test_a_learning_rate_that_is_used_is_not_forgotten(factory: Any) -> None:
    given: dict[str, Any] = {"learning_rate": 0.1} if factory is optax.sgd else {}
    result = check(factory, quick=True, **given)[LAW]
    assert result.verdict == "holds", result.detail


def test_a_word_may_switch_it_off() -> None:
    result = check(worded, quick=True)[LAW]
    assert (result.verdict, result.detail) == (
        "not applicable", "with mode='fixed', learning_rate may be without effect"
    )  # fmt: skip


def test_the_law_is_examined_where_there_is_a_learning_rate_and_nothing_else_is_asked_for() -> None:
    assert LAW not in [result.law for result in check(gl.clip_by_value(1.0), quick=True).results]
    assert LAW not in [result.law for result in check(gl.sgd(0.1), quick=True, laws=("pure",)).results]
    left_out = {law: group.reason for group in check(gl.sgd(0.1), quick=True).left_out for law in group.laws}
    assert left_out[f"{LAW} (in part)"].startswith("of the arguments, a quick look examines the learning rate; ")
    assert LAW not in left_out
    excepted = check(forgotten, quick=True, claims={"except": (LAW,)})[LAW]
    assert excepted.verdict == "not applicable"
