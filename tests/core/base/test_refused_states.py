"""States that do not fit the optimizer or the updates are refused, with the difference and the remedy."""

from __future__ import annotations

import functools
import re
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from tests.core.base.links import TREE, apply, refusal


def test_errors_name_what_users_call() -> None:
    untyped: Any = gl.chain(gl.adam())
    for call, words in (
        (
            lambda: untyped.replace(other=1),
            r"chain: there is no argument 'other'\. The arguments are adam/learning_rate",
        ),
        (lambda: untyped.init(), r"^init\(\) missing"),
        (lambda: untyped.update(jnp.ones(2)), r"^update\(\) missing"),
        (lambda: untyped._replace(init=None), r"use \.replace\(\.\.\.\) to change its arguments"),
    ):
        with pytest.raises(TypeError, match=words):
            call()


@pytest.mark.parametrize(
    ("tx", "other"),
    [
        (gl.adam(0.1), gl.sgd(0.1, momentum=0.9)),
        (gl.adam(0.1), gl.adam(gl.schedules.cosine(0.1, 9))),
        (gl.adam(gl.schedules.cosine(0.1, 9)), gl.adam(0.1)),
        (gl.sgd(0.1), gl.adam(0.1)),
        (gl.sgd(0.1), gl.chain(gl.scale_by_momentum())),
        (gl.scale(1.0), gl.scale_by_momentum()),
        (gl.sgd(0.1, momentum=0.9), gl.sgd(0.1)),
        (gl.chain(gl.scale(1.0), gl.scale_by_momentum()), gl.scale_by_momentum()),
        (gl.scale_by_momentum(), gl.chain(gl.scale_by_momentum())),
        (gl.scale_by_momentum(), gl.scale(1.0)),
        (gl.rmsprop(), gl.rmsprop(centered=True)),
    ],
)
def test_the_state_of_another_optimizer_is_refused(tx: Any, other: Any) -> None:
    message = refusal(lambda: tx.update(TREE, other.init(TREE)))
    assert f"this state is not one of {tx!r}" in message
    assert "expected" in message
    assert "init(params)" in message


def test_what_takes_a_state_over_is_named() -> None:
    tx = gl.adam(0.1)
    of_other, of_optax = "gl.state_from_dict(tx, params, arrays)", "gl.state_from_optax(tx, params, state)"
    for other in (gl.sgd(0.1, momentum=0.9), gl.accumulate(tx, 2), gl.lion(0.1)):
        assert of_other in refusal(lambda other=other: tx.update(TREE, other.init(TREE)))  # type: ignore[misc]
    for foreign in (optax.adam(0.1), optax.sgd(0.1, momentum=0.9), optax.MultiSteps(optax.adam(0.1), 2)):
        message = refusal(lambda foreign=foreign: tx.update(TREE, foreign.init(TREE)))  # type: ignore[misc]
        assert message.endswith(f"This is a state of optax; take it over by state, report = {of_optax}")
    others = jax.tree.map(lambda leaf: jnp.ones(7), TREE)  # of the same structure
    for state in (tx.init(others), gl.sgd(0.1).init(TREE), None):
        assert "state_from" not in refusal(lambda state=state: tx.update(TREE, state))  # type: ignore[misc]
    held = gl.chain(optax.trace(0.9), gl.sgd(0.1))  # whose own state is one of optax in part
    assert of_optax not in refusal(lambda: held.update(TREE, optax.adam(0.1).init(TREE)))


def test_the_state_of_other_parameters_is_refused() -> None:
    for tx in (gl.adam(0.1), gl.scale_by_momentum(), gl.adagrad(0.1)):
        state = tx.init({"w": jnp.ones((2, 3)), "b": jnp.ones(4)})
        message = refusal(lambda tx=tx, state=state: tx.update(TREE, state))  # type: ignore[misc]
        assert "this state is not one of" in message
        assert "['b']" in message
        assert "[3]" in message
        assert "[4]" in message


@pytest.mark.parametrize("state", [None, (), 3.0, "state", {"a": jnp.ones(2)}])
def test_what_is_no_state_is_refused(state: Any) -> None:
    assert "this state is not one of adam(" in refusal(lambda: gl.adam().update(TREE, state))


@pytest.mark.parametrize("tx", [gl.adam(), gl.chain(gl.scale_by_momentum(), gl.sgd(0.1))])
def test_updates_and_state_in_the_other_order_are_named(tx: Any) -> None:
    state, order = tx.init(TREE), ". If the first is the state, the order is update(updates, state, params)"
    for params in (None, TREE):
        assert refusal(functools.partial(tx.update, state, TREE, params)).endswith(order)
    assert order not in refusal(lambda: tx.update(TREE, state, {"w": jnp.ones((2, 3))}))
    assert order not in refusal(lambda: tx.update({"w": jnp.ones((2, 3))}, state))


def test_the_refusal_is_the_same_under_jit() -> None:
    state = gl.sgd(0.1, momentum=0.9).init(TREE)
    assert "this state is not one of adam(" in refusal(lambda: jax.jit(gl.adam().update)(TREE, state))


def test_a_link_that_changes_shapes_is_refused() -> None:
    @gl.transformation
    def flatten():
        return lambda params: (), lambda updates, state: (updates.ravel(), state)

    message = refusal(lambda: apply(flatten(), jnp.ones((2, 3))))
    assert "the transformed updates and the updates must be trees of the same structure and shapes" in message
    assert "float64[6]" in message
    assert "float64[2,3]" in message


def test_a_link_that_changes_its_state_is_refused() -> None:
    @gl.transformation
    def growing():
        def update(updates, state):
            return updates, (*state, jnp.zeros(()))

        return lambda params: (), update

    for tx in (growing(), gl.chain(gl.scale_by_sign(), growing())):
        message = refusal(functools.partial(apply, tx, jnp.ones(2)))
        assert message.startswith(
            "update of growing changes the structure or the shapes of its own state (at [0] from nothing"
        )
        assert "optax" not in message


def test_errors_inside_a_link_are_its_own() -> None:
    @gl.transformation
    def failing():
        def update(updates, state):
            raise RuntimeError("inside")

        return lambda params: (), update

    assert refusal(lambda: apply(failing(), jnp.ones(2)), RuntimeError) == "inside"


def test_a_schedule_in_the_place_of_a_number_has_a_remedy() -> None:
    params = {"a": jnp.ones(2)}
    rate = gl.schedules.linear(0.1, 0.0, transition_steps=10)
    momentum = gl.schedules.linear(0.5, 0.9, transition_steps=10)
    for before, after, words in (
        (gl.adam(0.1), gl.adam(rate), r"at \[3\] expected that of a schedule, got that of a number"),
        (gl.adam(rate), gl.adam(0.1), r"at \[3\] expected that of a number, got that of a schedule"),
        (
            gl.sgd(0.1, momentum=momentum),
            gl.sgd(0.1, momentum=0.9),
            r"at \[0\] expected that of a number, got that of a schedule",
        ),
    ):
        state = before.init(params)
        message = refusal(lambda after=after, state=state: after.update(params, state, params))  # type: ignore[misc]
        assert re.search(words, message)
        assert len(message) < 500
        assert "gl.state_to_dict(old_tx, state, params)" in message
        taken, _ = gl.state_from_dict(after, params, gl.state_to_dict(before, state, params))  # as the error says
        after.update(params, taken, params)


def test_a_long_optimizer_is_named_shortly() -> None:
    params = {"a": jnp.ones(2)}
    many = gl.chain(*(gl.adam(0.1) for _ in range(9)))
    message = refusal(lambda: many.update(params, gl.adam(0.1).init(params), params))
    assert "this state is not one of chain(...)" in message
