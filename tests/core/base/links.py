"""Links and a recipe as users write them, for the tests of transformation values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

import gradlab as gl


class TrustState(NamedTuple):
    longest: Any


@gl.transformation
def shrink(factor: gl.Positive = 0.5, floor: gl.NonNegative = 0.0):
    """A user's link: multiply by a power of the factor, at least the floor, and remember the longest gradient."""

    def init(params):
        return TrustState(jax.tree.map(lambda x: jnp.zeros_like(x.real), params))

    def update(updates, state):
        longest = jax.tree.map(lambda old, d: jnp.maximum(old, jnp.abs(d)), state.longest, updates)
        return jax.tree.map(lambda d: jnp.maximum(factor, floor) * d, updates), TrustState(longest)

    return init, update


def apply(tx: Any, gradient: Any, params: Any = None, **extra: Any) -> Any:
    return tx.update(gradient, tx.init(gradient if params is None else params), params, **extra)[0]


def refusal(call: Callable[[], Any], kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as error:
        call()
    return str(error.value)


TREE = {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}


@gl.transformation
def forgetful():
    """A user's link whose init returns the parameters themselves, twice, and one array of its own twice."""

    def init(params):
        own = jax.tree.map(jnp.zeros_like, params)
        return (params, params, own, own)

    return init, lambda updates, state: (updates, state)
