"""Extra arguments of `update` reach the links that name them, and only those."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.core.base.links import apply


@gl.transformation
def by_loss():
    """Scale by the loss, which the caller hands over."""
    return lambda params: (), lambda updates, state, *, value: (jax.tree.map(lambda d: value * d, updates), state)


def test_extra_arguments_reach_the_links_that_name_them_and_only_those() -> None:
    seen: list[tuple[str, set[str]]] = []

    @gl.transformation
    def named(label: str):
        def update(updates, state, params=None, *, value=None, other=None):
            seen.append((label, {name for name, given in (("value", value), ("other", other)) if given is not None}))
            return updates, state

        return lambda params: (), update

    @gl.transformation
    def any_name():
        def update(updates, state, **extra):
            seen.append(("any", set(extra)))
            return updates, state

        return lambda params: (), update

    @gl.transformation
    def none():
        def update(updates, state):
            seen.append(("none", set()))
            return updates, state

        return lambda params: (), update

    tx = gl.chain(none(), named("first"), gl.chain(any_name()), gl.scale(1.0), gl.isolate(named("second")))
    apply(tx, jnp.ones(2), value=1.0, other=2.0, third=3.0)
    assert seen == [
        ("none", set()),
        ("first", {"value", "other"}),
        ("any", {"value", "other", "third"}),
        ("second", {"value", "other"}),
    ]


def test_extra_arguments_pass_through_recipes_and_wrappers() -> None:
    @gl.transformation
    def recipe():
        return gl.chain(gl.isolate(by_loss()), gl.precondition(by_loss()))

    np.testing.assert_array_equal(apply(recipe(), jnp.ones(2), value=3.0), [9.0, 9.0])
    np.testing.assert_array_equal(apply(optax.chain(by_loss(), by_loss()), jnp.ones(2), value=3.0), [9.0, 9.0])


def test_a_link_without_its_extra_argument_says_which() -> None:
    with pytest.raises(TypeError, match="value"):
        apply(by_loss(), jnp.ones(2))
