"""Functions of other libraries compare by their code and what they close over, and are rebuilt with other values."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.closures import Closures


def make(inner: Any, factor: Any = 2.0, options: Any = None) -> Any:
    def update(updates: Any, state: Any, *, again: int = 0) -> Any:
        if again:
            return update(updates, state, again=again - 1)
        return inner.update(updates, state)[0], (factor, options)

    return update


def close(*arguments: Any) -> Closures:
    return Closures((make(*arguments),))


SAME = {
    "numbers": (gl.scale(2.0), 0.5),
    "arrays": (gl.scale(2.0), np.arange(3.0)),
    "arrays of JAX": (gl.scale(2.0), jnp.arange(3.0)),
    "containers": (gl.scale(2.0), {"a": [1, (2.0, None)]}),
    "partial functions": (gl.scale(2.0), functools.partial(make, 3.0, factor=1.0)),
    "other transformations": (optax.trace(0.9),),
}


@pytest.mark.parametrize("name", SAME)
def test_closures_of_equal_things_are_equal(name: str) -> None:
    one, other = close(*SAME[name]), close(*copy.deepcopy(SAME[name]))
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    "other",
    [
        (gl.scale(2.0), 0.25),
        (gl.scale(2.0), np.float32(0.5)),
        (gl.scale(2.0), True),
        (gl.scale(2.0), 0.5, object()),
        (optax.scale(2.0), 0.5),
    ],
)
def test_closures_of_other_things_are_not(other: Any) -> None:
    assert close(gl.scale(2.0), 0.5) != close(*other)
    assert close(gl.scale(2.0), object()) != close(gl.scale(2.0), object())


def test_the_values_are_left_out_of_the_comparison_and_can_be_replaced() -> None:
    closures = close([gl.scale(2.0), {"inner": gl.scale(3.0)}][0])
    assert closures.values == (gl.scale(2.0),)
    (rebuilt,) = closures.rebuild([gl.scale(5.0)])
    assert rebuilt(jnp.ones(()), optax.EmptyState())[0] == 5.0
    assert rebuilt(jnp.ones(()), optax.EmptyState(), again=2)[0] == 5.0, "it must call itself, and not the original"
    assert closures.functions[0](jnp.ones(()), optax.EmptyState())[0] == 2.0
    assert closures.rebuild(closures.values) is closures.functions


def test_one_value_in_two_functions_is_one_value() -> None:
    masked = optax.masked(gl.adam(0.1), {"w": True})
    assert Closures((masked.init, masked.update)).values == (gl.adam(0.1),)


def test_the_functions_of_a_value_stand_for_it() -> None:
    chained = optax.chain(gl.scale_by_momentum(), gl.scale(2.0))
    assert Closures((chained.init, chained.update)).values == (gl.scale_by_momentum(), gl.scale(2.0))


def test_pickling_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"masked is made of functions.*gl\.transformation\(optax\.masked\)\(\.\.\.\)"):
        pickle.dumps(gl.chain(optax.masked(gl.adam(), {"w": True})))
    assert copy.deepcopy(gl.chain(optax.masked(gl.adam(), {"w": True}))).links
