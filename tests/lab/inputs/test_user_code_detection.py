"""The modules of an object are those of its code, of what it wraps and of what it holds."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab._inputs.user_code_detection import ORIGIN, find_modules, find_top_packages, is_user_code
from gradlab.lab.problems import Ravine

HERE = __name__


class Slotted:
    __slots__ = ("empty", "held")

    def __init__(self, held: Any):
        self.held = held


class Plain:
    def __init__(self, held: Any):
        self.held = held

    def method(self) -> None: ...


def closing_over(value: Any) -> Any:
    return lambda: value


def with_default(value: Any) -> Any:
    def function(first: Any = value, *, second: Any = 0) -> None: ...

    return function


def wrapping(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper() -> None: ...

    wrapper.__module__ = "gradlab.made_up"
    return wrapper


@pytest.mark.parametrize(
    "make",
    [
        lambda thing: thing,
        lambda thing: [{"key": (thing,)}],
        lambda thing: functools.partial(sorted, key=thing),
        lambda thing: types.MethodType(sorted, thing),
        closing_over,
        with_default,
        wrapping,
        Slotted,
        Plain,
        lambda thing: Plain(thing).method,
        lambda thing: type("Derived", (Plain,), {"__module__": "gradlab.made_up"})(thing),
    ],
)
def test_a_module_is_found_wherever_the_code_is_held(make: Any) -> None:
    assert "optax._src.alias" in find_modules(make(optax.adam))
    assert is_user_code(make(optax.adam))


def test_the_modules_of_classes_and_of_their_bases_are_found() -> None:
    kind = type("Derived", (Plain,), {"__module__": "another"})
    assert set(find_modules(kind)) == set(find_modules(kind(3))) == {"another", HERE}


def test_the_module_in_which_a_user_named_a_thing_counts() -> None:
    ravine = Ravine()
    object.__setattr__(ravine, ORIGIN, "mine")
    assert "mine" in find_modules(ravine)
    assert is_user_code(ravine)


def test_an_object_that_holds_itself_is_searched_once() -> None:
    own: list[Any] = [Plain]
    own.append(own)
    assert find_modules(own) == [HERE]


def test_gradlab_and_what_it_is_made_with_are_no_user_code() -> None:
    for thing in (
        gl.adam,
        gl.adam(0.1),
        Ravine(),
        jnp.ones(3),
        np.ones(3),
        [1, "text", None],
        sorted,
        sys.modules["re"],
    ):
        assert find_top_packages(thing) == set()
        assert not is_user_code(thing)
    assert find_top_packages(optax.adam) == {"optax"}
