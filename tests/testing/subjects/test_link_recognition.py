"""An optimizer must descend, and a link of a chain need not."""

from __future__ import annotations

import re
from typing import Any

import jax
import optax
import pytest

import gradlab as gl
from gradlab.testing import check

WORDS = "If it is an optimizer, its sign is wrong. If it is a link of a chain, say so"


@gl.recipe
def ascends(learning_rate: gl.NonNegative = 0.1) -> Any:
    return gl.chain(gl.scale_by_momentum(), gl.scale(1.0), gl.scale_by_learning_rate(learning_rate), gl.scale(-1.0))


@gl.transformation
def halves() -> Any:
    return lambda params: (), lambda updates, state: (jax.tree.map(lambda g: g / 2, updates), state)


@gl.transformation
def rated(learning_rate: gl.NonNegative = 0.1) -> Any:
    return lambda params: (), lambda updates, state: (jax.tree.map(lambda g: learning_rate * g, updates), state)


def plain(rate: float = 0.1) -> Any:
    return optax.scale(rate)


def scale_by_half() -> Any:
    return lambda params: (), lambda updates, state, params=None: (jax.tree.map(lambda g: g / 2, updates), state)


def examine(tx: Any, **options: Any) -> Any:
    """The verdict on descent."""
    with jax.numpy_dtype_promotion("standard"):
        return check(tx, laws=("descends",), dtypes=("float32",), **options)["descends"]


@pytest.mark.parametrize(
    "tx",
    [
        ascends,
        ascends(),
        rated(),
        plain,
        optax.chain(optax.trace(0.9), plain()),
        gl.chain(gl.scale_by_momentum(), gl.scale(0.1)),
        gl.store(ascends()),
        (lambda params: (), lambda updates, state, params=None: (updates, state)),
    ],
    ids=lambda tx: re.sub(r" at 0x[0-9a-f]+", "", str(tx))[:40],
)
def test_what_could_be_an_optimizer_must_descend(tx: Any) -> None:
    result = examine(tx)
    assert result.verdict == "broken"
    assert WORDS in result.detail
    result = examine(tx, claims={"link": True})
    assert (result.verdict, result.detail) == ("not applicable", "its author says that it is a link of a chain")


@pytest.mark.parametrize(
    ("tx", "reason"),
    [
        (gl.scale_by_rms(), "no recipe, and without a learning rate"),
        (gl.chain(gl.clip_by_value(1.0), gl.scale_by_momentum()), "no recipe, and without a learning rate"),
        (gl.isolate(gl.scale_by_rms()), "no recipe, and without a learning rate"),
        (gl.scale_by_rss(), "its author says"),
        (halves, "no recipe, and without a learning rate"),
        (scale_by_half, "its name begins with scale_by_"),
        (optax.scale_by_adam, "its name begins with scale_by_"),
        (optax.scale_by_adam(), "its name begins with scale_by_"),
        (optax.identity, "optax documents it"),
        (optax.ema(0.9), "optax documents it"),
    ],
    ids=lambda tx: re.sub(r" at 0x[0-9a-f]+", "", str(tx))[:40],
)
def test_a_link_need_not_descend(tx: Any, reason: str) -> None:
    result = examine(tx)
    assert result.verdict == "not applicable"
    assert reason in result.detail


def test_a_link_of_optax_need_not_descend_though_it_takes_a_learning_rate() -> None:
    result = examine(optax.scale_by_rprop, learning_rate=0.01)
    assert result.verdict == "not applicable", result.detail


@pytest.mark.parametrize(
    ("tx", "options"),
    [
        (gl.adam, {}),
        (gl.scale_by_learning_rate(0.1), {}),
        (optax.chain(optax.trace(0.9), optax.scale(-0.1)), {}),
        (optax.adamw, {"learning_rate": 1e-3}),
        (optax.sgd, {"learning_rate": 1e-9}),
    ],
    ids=lambda tx: re.sub(r" at 0x[0-9a-f]+", "", str(tx))[:40],
)
def test_an_optimizer_descends_unasked(tx: Any, options: Any) -> None:
    assert examine(tx, **options).verdict == "holds"


def test_a_rate_that_is_too_large_is_no_wrong_sign() -> None:
    result = examine(optax.sgd, learning_rate=3.0)
    assert result.verdict == "not applicable"
    assert "the learning rate is too large for it" in result.detail
    assert examine(gl.sgd(3.0), claims={"descends": True}).verdict == "broken"


def test_what_does_not_move_is_found() -> None:
    result = examine(optax.chain(optax.sgd(0.1), optax.set_to_zero()))
    assert result.verdict == "broken"
    assert "no update moves the parameters" in result.detail


def test_a_leaf_that_ascends_among_others_is_found() -> None:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        return jax.tree.map(lambda g: 0.1 * g if g.ndim == 1 else -0.1 * g, updates), state

    result = examine(optax.GradientTransformation(lambda params: (), update))
    assert result.verdict == "broken"
    assert "moves along its gradient, uphill" in result.detail


@pytest.mark.parametrize("claims", [("link",), {"link": True}])
def test_a_link_may_be_declared_by_its_name_alone(claims: Any) -> None:
    assert examine(ascends, claims=claims).verdict == "not applicable"
