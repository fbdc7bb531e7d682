"""Errors for factories that were not called, and for those that return no pair."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import gradlab as gl
from gradlab.core.not_a_transformation import describe_result, refuse_to_run, require_pair


def pair() -> tuple[Any, Any]:
    return (lambda params: ()), (lambda updates, state, params=None: (updates, state))


@pytest.mark.parametrize("method", ["init", "update"])
def test_a_factory_that_was_not_called_says_how_to_call_it(method: str) -> None:
    def factory() -> None:
        pass

    assert refuse_to_run(factory, "mine") is factory
    with pytest.raises(TypeError) as caught:
        getattr(factory, method)(1, 2, params=3)
    assert str(caught.value) == (
        f"mine makes transformations and is not one itself; call it first: mine(...).{method}(...)"
    )


def test_the_factories_of_gradlab_refuse_to_run() -> None:
    with pytest.raises(TypeError, match=r"^adam makes transformations .*: adam\(\.\.\.\)\.init\(\.\.\.\)$"):
        gl.adam.init(1.0)  # type: ignore[attr-defined]


@pytest.mark.parametrize("made", [pair(), (*pair(), "more"), gl.sgd(0.1)], ids=["pair", "longer", "value"])
def test_a_pair_of_functions_is_taken(made: Any) -> None:
    require_pair("mine", made)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (None, "nothing"),
        (3, "a int: 3"),
        ((1, 2), "a tuple: (1, 2)"),
        (pair()[:1], "a tuple"),
        (dict, "the class dict alone"),
        (print, "the function print alone"),
        (pair, "the function pair alone"),
        ([gl.scale(0.5)], "a list of links, of which gl.chain makes one: gl.chain(*links)"),
        ((gl.scale(0.5), gl.sign_sgd(0.1)), "a tuple of links, of which gl.chain makes one: gl.chain(*links)"),
        (object(), "a object"),
        ("x" * 60, "a str"),
        ({"a": "b\nc"}, r"a dict: {'a': 'b\nc'}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_described(made: Any, words: str) -> None:
    assert describe_result(made) == words
    with pytest.raises(TypeError) as caught:
        require_pair("mine", made)
    assert str(caught.value) == f"mine must return an (init, update) pair of functions, but it returned {words}"


@gl.transformation
def returns_exchanged(decay: Any = 0.9) -> Any:
    """A momentum that returns its state first."""

    def init(params: Any) -> Any:
        return [jax.tree.map(jnp.zeros_like, params)]

    def update(updates: Any, state: Any) -> Any:
        moment = jax.tree.map(lambda m, g: decay * m + g, state[0], updates)
        return [moment], moment

    return init, update


@gl.transformation
def takes_exchanged() -> Any:
    """A link that takes its state first."""
    return (lambda params: [params]), (lambda state, updates: (updates, state[:]))


@pytest.mark.parametrize(
    "surround",
    [
        lambda link: link,
        lambda link: gl.chain(link, gl.sgd(0.1)),
        lambda link: gl.chain(gl.sgd(0.1, momentum=0.9), link),
        lambda link: optax.chain(link, optax.scale(-0.1)),
    ],
    ids=["alone", "first", "last", "in optax"],
)
def test_a_link_that_exchanges_updates_and_state_is_named(surround: Any) -> None:
    params = {"x": jnp.ones(3)}
    tx = surround(returns_exchanged())
    with pytest.raises(
        TypeError,
        match=r"update of returns_exchanged must return \(updates, state\).*a list like the state before a dict",
    ):
        tx.update(params, tx.init(params), params)
    tx = surround(takes_exchanged())
    with pytest.raises(TypeError, match=r"update of takes_exchanged takes \(state, updates\), but is called as update"):
        tx.update(params, tx.init(params), params)


@gl.transformation
def hands_on_exchanged() -> Any:
    """A link that takes any extra argument, as a wrapper does, and returns its state first."""

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        return [updates], updates

    return (lambda params: [params]), update


@pytest.mark.parametrize("before", [gl.sgd(0.1), gl.sgd(0.1, momentum=0.9)], ids=["whole", "split"])
def test_a_link_that_takes_any_argument_is_named_behind_a_momentum_too(before: Any) -> None:
    params = {"x": jnp.ones(3)}
    tx = gl.chain(before, hands_on_exchanged())
    with pytest.raises(TypeError, match=r"update of hands_on_exchanged must return \(updates, state\)"):
        tx.update(params, tx.init(params), params)


def test_a_pair_of_optax_and_a_schedule() -> None:
    params = {"x": jnp.ones(3)}
    mine = optax.GradientTransformation(lambda params: [params], lambda updates, state, params=None: (state, updates))
    tx = gl.chain(mine, gl.sgd(0.1))
    with pytest.raises(TypeError, match=r"what looks like \(state, updates\)"):
        tx.update(params, tx.init(params), params)
    scheduled = returns_exchanged(gl.schedules.linear(0.9, 0.5, transition_steps=9))
    with pytest.raises(TypeError, match="update of returns_exchanged must return"):
        scheduled.update(params, scheduled.init(params))


def test_init_and_update_exchanged() -> None:
    @gl.transformation
    def backwards() -> Any:
        return pair()[::-1]

    with pytest.raises(TypeError, match="a factory returns init before update"):
        backwards().init(jnp.ones(3))
